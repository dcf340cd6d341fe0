#include "planner/reasoning_parser.h"

#include <charconv>
#include <optional>
#include <vector>

#include "planner/plain_text.h"
#include "planner/yaml_scalar.h"

namespace ams {
namespace {

constexpr std::string_view kThinkOpen = "<think>";
constexpr std::string_view kThinkClose = "</think>";
constexpr std::string_view kEndOfTurn = "<|im_end|>";

std::string_view reasoning_text(std::string_view output) {
  const size_t open = output.find(kThinkOpen);
  if (open != std::string_view::npos) {
    const size_t begin = open + kThinkOpen.size();
    const size_t close = output.find(kThinkClose, begin);
    if (close != std::string_view::npos) return strip(output.substr(begin, close - begin));
  }
  return strip(output.substr(0, output.find("<|audio_code_")));
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string available(const std::string& value) { return value == "N/A" ? "" : value; }

void store_field(SongMetadata& metadata, std::string_view key, const std::string& joined) {
  const std::string value = available(yaml_unquote(joined));
  if (key == "bpm") metadata.bpm = parse_integer(value);
  if (key == "caption") metadata.caption = value;
  if (key == "duration") metadata.duration_seconds = parse_integer(value);
  if (key == "keyscale") metadata.key_scale = value;
  if (key == "language") metadata.language = value;
  if (key == "timesignature") metadata.time_signature = value;
}

// Drops a heading such as "# Lyric\n" (the reference's pattern: ^#\s*Lyri[c|cs]?\s*\n).
std::string_view drop_heading(std::string_view text) {
  if (text.empty() || text.front() != '#') return text;
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return text;
  const std::string heading = to_lower(strip(text.substr(1, end - 1)));
  const bool is_heading =
      heading == "lyri" || heading == "lyric" || heading == "lyris" || heading == "lyri|";
  return is_heading ? text.substr(end + 1) : text;
}

}  // namespace

SongMetadata parse_reasoning(std::string_view output) {
  SongMetadata metadata;
  std::string key;
  std::string value;  // the lines of the field, stripped and joined by one space
  for (const std::string_view line : split_lines(reasoning_text(output))) {
    const std::string_view stripped = strip(line);
    if (stripped.empty() || stripped.front() == '<') continue;
    std::string_view part;
    if (line.front() == ' ' || line.front() == '\t') {
      part = stripped;
    } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
      store_field(metadata, key, value);
      key = to_lower(strip(line.substr(0, colon)));
      value.clear();
      part = strip(line.substr(colon + 1));
    }
    if (part.empty()) continue;
    if (!value.empty()) value += ' ';
    value += part;
  }
  store_field(metadata, key, value);
  return metadata;
}

std::string parse_lyrics(std::string_view output) {
  const size_t close = output.find(kThinkClose);
  if (close == std::string_view::npos) return "";
  std::string_view lyrics = drop_heading(strip(output.substr(close + kThinkClose.size())));
  lyrics = strip(lyrics);
  if (lyrics.size() >= kEndOfTurn.size() &&
      lyrics.substr(lyrics.size() - kEndOfTurn.size()) == kEndOfTurn) {
    lyrics.remove_suffix(kEndOfTurn.size());
  }
  return std::string(strip(lyrics));
}

}  // namespace ams
