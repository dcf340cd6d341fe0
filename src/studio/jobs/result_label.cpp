#include "studio/jobs/result_label.h"

#include "planner/plain_text.h"

namespace ams {
namespace {

constexpr int64_t kLongestLabel = 30;  // characters

std::string_view text_of(const JobRequest& request) {
  if (const auto* lyrics = std::get_if<LyricsRequest>(&request)) return lyrics->brief;
  const auto* song = std::get_if<SongRequest>(&request);
  if (song == nullptr) return {};
  const std::string_view prompt = prompt_of(*song);
  return is_blank(std::string(prompt)) ? lyrics_of(*song) : prompt;
}

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0u) != 0x80u; }

}  // namespace

std::string result_label(const JobRequest& request) {
  std::string label;
  int64_t characters = 0;
  for (const char byte : text_of(request)) {
    if (starts_character(byte) && ++characters > kLongestLabel) break;
    label += static_cast<unsigned char>(byte) < 0x20u ? ' ' : byte;
  }
  return label;
}

std::string mime_of_container(std::string_view container) {
  if (container == "mp3") return "audio/mpeg";
  return container == "flac" ? "audio/flac" : "audio/wav";
}

}  // namespace ams
