#include "planner/song_prompt.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/str.h"
#include "planner/plain_text.h"

namespace ams {
namespace {

constexpr std::string_view kEndOfText = "<|endoftext|>";
constexpr std::string_view kCover = "Generate audio semantic tokens based on the given conditions:";

constexpr std::array<SongTaskInfo, 7> kTasks{{
    {SongTask::Text2Music,
     "text2music",
     "Fill the audio semantic mask based on the given conditions:"},
    {SongTask::Repaint, "repaint", "Repaint the mask area based on the given conditions:"},
    {SongTask::Cover, "cover", kCover},
    {SongTask::CoverNoFsq, "cover-nofsq", kCover},
    {SongTask::Extract, "extract", "Extract the track from the audio:"},
    {SongTask::Lego, "lego", "Generate the track based on the audio context:"},
    {SongTask::Complete, "complete", "Complete the input track:"},
}};

constexpr std::array<std::string_view, 12> kTracks{"woodwinds",
                                                   "brass",
                                                   "fx",
                                                   "synth",
                                                   "strings",
                                                   "percussion",
                                                   "keyboard",
                                                   "guitar",
                                                   "bass",
                                                   "drums",
                                                   "backing_vocals",
                                                   "vocals"};

const SongTaskInfo& task_info(SongTask task) {
  for (const SongTaskInfo& info : kTasks) {
    if (info.task == task) return info;
  }
  return kTasks.front();
}

// "STRINGS | BRASS".
std::string track_list(std::span<const std::string> tracks) {
  std::string list;
  for (const std::string& track : tracks) {
    const std::string name = to_lower(track);
    if (std::find(kTracks.begin(), kTracks.end(), name) == kTracks.end()) {
      std::string known;
      for (const std::string_view each : kTracks) known += str(known.empty() ? "" : ", ", each);
      throw Error(ErrorCode::InvalidRequest,
                  str("planner: the track '", track, "' is not one of ", known));
    }
    list += str(list.empty() ? "" : " | ", to_upper(name));
  }
  return list;
}

bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

size_t skip_spaces(std::string_view text, size_t at) {
  while (at < text.size() && is_ascii_space(text[at])) ++at;
  return at;
}

// Where the pattern `#\s*{word}` ends if it matches at `at`.
std::optional<size_t> match_heading(std::string_view text, size_t at, std::string_view word) {
  if (at >= text.size() || text[at] != '#') return std::nullopt;
  at = skip_spaces(text, at + 1);
  if (text.substr(at, word.size()) != word) return std::nullopt;
  return at + word.size();
}

// The caption of a pasted full prompt: `#\s*Caption\s*\n(.*?)(?:\n\s*#\s*Metas|$)` in the
// reference (_extract_caption_and_language), stripped.
std::string_view extract_caption(std::string_view text) {
  const bool is_prompt = text.find("# Instruction") != std::string_view::npos &&
                         text.find("# Caption") != std::string_view::npos;
  if (!is_prompt) return text;
  for (size_t at = text.find('#'); at != std::string_view::npos; at = text.find('#', at + 1)) {
    const std::optional<size_t> heading = match_heading(text, at, "Caption");
    if (!heading) continue;
    const std::string_view gap = text.substr(*heading, skip_spaces(text, *heading) - *heading);
    const size_t last_newline = gap.rfind('\n');
    if (last_newline == std::string_view::npos) continue;
    const std::string_view body = text.substr(*heading + last_newline + 1);
    for (size_t end = body.find('\n'); end != std::string_view::npos;) {
      const size_t after_gap = skip_spaces(body, end);
      if (match_heading(body, after_gap, "Metas")) return strip(body.substr(0, end));
      end = body.find('\n', after_gap);
    }
    return strip(body);
  }
  return text;
}

std::string or_not_available(std::string_view value) {
  return is_blank(value) ? "N/A" : std::string(value);
}

}  // namespace

std::span<const SongTaskInfo> song_tasks() { return kTasks; }
std::span<const std::string_view> track_names() { return kTracks; }

std::string task_instruction(SongTask task, std::span<const std::string> tracks) {
  const SongTaskInfo& info = task_info(task);
  if (tracks.empty()) return std::string(info.instruction);
  const bool one_track = task == SongTask::Extract || task == SongTask::Lego;
  if ((!one_track && task != SongTask::Complete) || (one_track && tracks.size() > 1)) {
    throw Error(ErrorCode::InvalidRequest,
                str("planner: the task '",
                    info.name,
                    "' takes ",
                    one_track ? "one track" : "no track",
                    ", got ",
                    tracks.size()));
  }
  const std::string names = track_list(tracks);
  if (task == SongTask::Extract) return str("Extract the ", names, " track from the audio:");
  if (task == SongTask::Lego)
    return str("Generate the ", names, " track based on the audio context:");
  return str("Complete the input track with ", names, ":");
}

std::string song_metadata_text(const SongPrompt& song) {
  const SongMetadata& metadata = song.metadata;
  const bool has_bpm = metadata.bpm.value_or(0) != 0;
  const double seconds = song.duration_seconds.value_or(0.0);
  const auto shown_seconds = static_cast<int64_t>(seconds > 0.0 ? seconds : 30.0);
  return str("- bpm: ",
             has_bpm ? std::to_string(*metadata.bpm) : "N/A",
             "\n- timesignature: ",
             or_not_available(metadata.time_signature),
             "\n- keyscale: ",
             or_not_available(metadata.key_scale),
             "\n- duration: ",
             shown_seconds,
             " seconds\n");
}

Prompt song_text_prompt(const SongPrompt& song) {
  check_user_text(song.caption, "caption");
  std::string instruction = song.instruction;
  if (instruction.empty() || instruction.back() != ':') instruction += ':';
  Prompt prompt;
  prompt.text(str("# Instruction\n", instruction, "\n\n# Caption\n", extract_caption(song.caption)))
      .text(str("\n\n# Metas\n", song_metadata_text(song)))
      .special(kEndOfText)
      .text("\n");
  return prompt;
}

Prompt song_lyric_prompt(std::string_view lyrics, std::string_view language) {
  check_user_text(lyrics, "lyrics");
  check_user_text(language, "vocal language");
  Prompt prompt;
  prompt.text(str("# Languages\n", language, "\n\n# Lyric\n", lyrics)).special(kEndOfText);
  return prompt;
}

std::vector<int32_t> song_prompt_ids(const Prompt& prompt,
                                     const Tokenizer& tokenizer,
                                     int64_t max_tokens) {
  std::vector<int32_t> ids = prompt.ids(tokenizer);
  const std::span<const int32_t> appended = tokenizer.appended_tokens();
  const size_t room = static_cast<size_t>(max_tokens) - appended.size();
  if (ids.size() > room) ids.resize(room);
  ids.insert(ids.end(), appended.begin(), appended.end());
  return ids;
}

}  // namespace ams
