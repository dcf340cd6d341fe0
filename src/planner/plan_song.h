// Plans a song with the 5 Hz language model of ACE-Step 1.5: metadata first, then audio codes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "nets/causal_lm.h"
#include "planner/metadata.h"
#include "planner/planner_grammar.h"
#include "planner/planner_prompt.h"
#include "planner/song_prompt.h"

namespace ams {

inline constexpr int64_t kCodesPerSecond = 5;

struct PlanOptions {
  bool thinking = true;          // write audio codes
  bool use_cot_metas = true;     // infer metadata; without it nothing is written but codes
  bool use_cot_caption = true;   // rewrite the caption
  bool use_cot_language = true;  // detect the vocal language
  float temperature = 0.85f;     // 0 = greedy
  float top_p = 0.9f;            // 0 or 1 = off
  int64_t top_k = 0;             // 0 = off
  float guidance_scale = 2.0f;   // of the codes; 1 = off, one sequence instead of two
  std::string negative_prompt = std::string(kNoUserInput);
  // Tokens of prompt and output; none: what the model allows.
  std::optional<int64_t> context_limit = {};
};

struct PlanRequest {
  std::string caption = {};
  std::string lyrics = {};
  SongMetadata metadata = {};  // what the user fixed; caption and duration_seconds are not read
  std::optional<double> duration_seconds = {};  // (0, 600]; none: the planner decides
  uint64_t seed = 0;
};

enum class PlanPhase { Reasoning, Codes };

struct PlanProgress {
  PlanPhase phase;
  int64_t tokens;                          // written in this phase
  std::optional<int64_t> expected_tokens;  // of the whole phase, if known
  std::string_view text;                   // new text; empty for codes
};

struct SongPlan {
  SongMetadata metadata;  // the user's values, gaps filled by the planner; caption: the one to use
  SongMetadata planned;   // what the planner wrote
  std::vector<int32_t> codes;  // 5 a second, 0-based; empty without `thinking`
  std::string reasoning;       // the raw metadata block; empty if it was skipped
};

// What a running plan reports to and is stopped by; all may be empty.
struct PlanObserver {
  std::function<void(const PlanProgress&)> progress = {};
  // What the planner wrote, once it is fixed and before the codes.
  std::function<void(const SongMetadata& planned)> planned = {};
  std::stop_token stop = {};
};

// Whether the reference runs the planner for a task at all, and whether it writes codes. Codes
// would replace the source audio of Lego and Complete, so only Text2Music gets them.
bool uses_planner(SongTask task, const PlanOptions& options);
bool plans_codes(SongTask task, const PlanOptions& options);

// Phase 1 writes the metadata that the user left open, within the planner's grammar; it is skipped
// if bpm, key, time signature and duration are all given. Phase 2 writes int(duration * 5) audio
// codes under guidance. Songs under 10 s are planned as 10 s and get fewer codes.
// Random numbers come from the request's seed, one stream a phase. Throws InvalidRequest for
// options and texts that are not usable or do not fit the context, CorruptFile if model and
// tokenizer do not belong together, Cancelled between two tokens. Confined to the worker thread.
SongPlan plan_song(CausalLm& lm,
                   const PlannerGrammar& grammar,
                   const PlanOptions& options,
                   const PlanRequest& request,
                   const PlanObserver& observer);

}  // namespace ams
