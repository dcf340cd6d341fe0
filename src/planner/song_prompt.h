// The two prompts of the diffusion model (ACE-Step 1.5): a caption with metadata, and the lyrics.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "planner/metadata.h"
#include "planner/prompt.h"

namespace ams {

// What a checkpoint is asked to do. Text2Music with audio codes is a Cover for the prompt.
enum class SongTask { Text2Music, Repaint, Cover, CoverNoFsq, Extract, Lego, Complete };

struct SongTaskInfo {
  SongTask task;
  std::string_view name;         // "cover-nofsq"
  std::string_view instruction;  // without track names
};

// One row for each task. Thread-safe, as all functions here.
std::span<const SongTaskInfo> song_tasks();

// The track names that Extract, Lego and Complete know: "vocals", "drums", …
std::span<const std::string_view> track_names();

// The sentence that opens the prompt. Extract and Lego name one track, Complete any number; no
// track gives the general sentence. Throws InvalidRequest for an unknown track, or for more tracks
// than the task takes.
std::string task_instruction(SongTask task, std::span<const std::string> tracks = {});

struct SongPrompt {
  std::string instruction = {};  // of task_instruction()
  std::string caption = {};      // may be empty; a pasted full prompt is reduced to its caption
  SongMetadata metadata = {};  // bpm, key_scale and time_signature are written, "N/A" where absent
  std::optional<double> duration_seconds = {};  // length of the song or of its source; none: 30
};

// "- bpm: 120\n- timesignature: 4\n- keyscale: C major\n- duration: 30 seconds\n".
std::string song_metadata_text(const SongPrompt& song);

// The prompt of the text branch. Throws InvalidRequest if a field is not UTF-8.
Prompt song_text_prompt(const SongPrompt& song);

// The prompt of the lyric branch. `lyrics` are used as they are; "[Instrumental]" for none.
Prompt song_lyric_prompt(std::string_view lyrics, std::string_view language);

inline constexpr int64_t kMaxTextTokens = 256;
inline constexpr int64_t kMaxLyricTokens = 2048;

// Ids for the text encoder: the prompt, cut on the right so that the tokenizer's appended tokens
// fit into `max_tokens` as well, then those.
std::vector<int32_t> song_prompt_ids(const Prompt& prompt,
                                     const Tokenizer& tokenizer,
                                     int64_t max_tokens);

}  // namespace ams
