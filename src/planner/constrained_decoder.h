// Keeps the planner's output within its grammar: a metadata block, then audio codes or lyrics.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "planner/metadata.h"
#include "planner/planner_grammar.h"

namespace ams {

enum class PlannerGoal {
  Metadata,     // <think>, the metadata block; ends in place of </think>
  Codes,        // audio codes; the metadata block is in the prompt
  Description,  // <think>, the metadata block, </think>, free text
};

struct DecoderOptions {
  PlannerGoal goal = PlannerGoal::Metadata;
  bool writes_caption = true;
  bool writes_language = true;
  SongMetadata fixed = {};  // normalised values to write as they are; its caption is not read
  int64_t max_duration_seconds = kMaxPlannedSeconds;
  int64_t max_caption_tokens = 512;
  std::optional<int64_t> num_codes = {};  // exactly so many; none: the model ends when it likes
};

// What the next token may be. `allowed` counts if it is not empty, else `banned`, one byte a
// token, not 0 = forbidden; tokens past its end are forbidden as well.
struct TokenConstraint {
  std::span<const int32_t> allowed = {};
  std::span<const uint8_t> banned = {};
  bool is_greedy = false;  // take the best, whatever the temperature
};

// One output. Not thread-safe; keeps a reference to the grammar.
class ConstrainedDecoder {
 public:
  ConstrainedDecoder(const PlannerGrammar& grammar, const DecoderOptions& options);

  bool is_done() const;

  // The next token if there is only one choice: no logits are needed, accept it at once.
  std::optional<int32_t> forced() const;

  // The choices for the next token. `logits` are the model's, unmasked, over its vocabulary: at the
  // start of a line they decide whether the caption goes on. The spans live until accept().
  TokenConstraint constraint(std::span<const float> logits);

  // Moves on by one token. Throws InvalidRequest for a token that is not allowed here.
  void accept(int32_t token);

 private:
  enum class Stage { NextField, Value, Caption, LineStart, Continuation, Codes, Lyrics, Done };

  void force(std::span<const int32_t> tokens);
  void begin_next_field();
  bool writes(PlannerField field) const;
  std::optional<std::string> fixed_value(PlannerField field) const;
  void accept_value(int32_t token);
  void accept_caption(int32_t token);
  void accept_code(int32_t token);
  void accept_lyrics(int32_t token);

  const PlannerGrammar& grammar_;
  DecoderOptions options_;
  TokenTree durations_;
  std::vector<int32_t> queue_;  // forced tokens, from queue_begin_ on; `stage_` follows
  size_t queue_begin_ = 0;
  Stage stage_;
  int64_t next_field_ = 0;
  const TokenTree* tree_ = nullptr;  // of the current value
  int64_t node_ = TokenTree::kRoot;
  bool is_language_ = false;
  int64_t caption_tokens_ = 0;
  int64_t codes_ = 0;
};

}  // namespace ams
