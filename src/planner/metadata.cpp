#include "planner/metadata.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"
#include "base/str.h"
#include "planner/plain_text.h"

namespace ams {
namespace {

constexpr std::array<std::string_view, 5> kAccidentals{"", "#", "b", "♯", "♭"};
constexpr std::array<std::string_view, 4> kTimeSignatures{"2", "3", "4", "6"};
constexpr std::array<std::string_view, 51> kLanguages{"ar",  "az", "bg",
                                                      "bn",  "ca", "cs",
                                                      "da",  "de", "el",
                                                      "en",  "es", "fa",
                                                      "fi",  "fr", "he",
                                                      "hi",  "hr", "ht",
                                                      "hu",  "id", "is",
                                                      "it",  "ja", "ko",
                                                      "la",  "lt", "ms",
                                                      "ne",  "nl", "no",
                                                      "pa",  "pl", "pt",
                                                      "ro",  "ru", "sa",
                                                      "sk",  "sr", "sv",
                                                      "sw",  "ta", "te",
                                                      "th",  "tl", "tr",
                                                      "uk",  "ur", "vi",
                                                      "yue", "zh", kUnknownLanguage};

bool is_absent(std::string_view text) { return text.empty() || to_lower(text) == "n/a"; }

std::vector<std::string> make_key_scales() {
  std::vector<std::string> keys;
  for (char note = 'A'; note <= 'G'; ++note) {
    for (const std::string_view accidental : kAccidentals) {
      for (const std::string_view mode : {"major", "minor"}) {
        keys.push_back(str(note, accidental, ' ', mode));
      }
    }
  }
  return keys;
}

// "m" is minor and "M" is major, as in chord names; longer forms ignore letter case.
std::optional<std::string_view> parse_mode(std::string_view text) {
  if (text == "m") return "minor";
  if (text.empty() || text == "M") return "major";
  const std::string lower = to_lower(text);
  if (lower == "minor" || lower == "min") return "minor";
  if (lower == "major" || lower == "maj") return "major";
  return std::nullopt;
}

[[noreturn]] void throw_range(std::string_view what, int64_t got, int64_t low, int64_t high) {
  throw Error(ErrorCode::InvalidRequest,
              str("planner: ", what, " is ", got, ", it must be ", low, " to ", high));
}

}  // namespace

std::span<const std::string> key_scales() {
  static const std::vector<std::string> kKeys = make_key_scales();
  return kKeys;
}

std::span<const std::string_view> time_signatures() { return kTimeSignatures; }
std::span<const std::string_view> languages() { return kLanguages; }

std::string normalise_key_scale(std::string_view text) {
  const std::string_view key = strip(text);
  if (is_absent(key)) return "";
  const std::string note = to_upper(key.substr(0, 1));
  std::string_view rest = key.substr(1);
  std::string_view accidental;
  for (const std::string_view candidate : kAccidentals) {
    if (!candidate.empty() && rest.substr(0, candidate.size()) == candidate) accidental = candidate;
  }
  rest.remove_prefix(accidental.size());
  const std::optional<std::string_view> mode = parse_mode(strip(rest));
  if (note < "A" || note > "G" || !mode) {
    throw Error(ErrorCode::InvalidRequest,
                str("planner: the key '",
                    key,
                    "' is not known; write a note A to G, # or b if needed, and major or minor, "
                    "for example 'F# minor' or 'Am'"));
  }
  return str(note, accidental, ' ', *mode);
}

std::string normalise_time_signature(std::string_view text) {
  const std::string_view signature = strip(text);
  if (is_absent(signature)) return "";
  for (const std::string_view beats : kTimeSignatures) {
    const std::string_view unit = beats == "6" ? "/8" : "/4";
    if (signature == beats || signature == str(beats, unit)) return std::string(beats);
  }
  throw Error(ErrorCode::InvalidRequest,
              str("planner: the time signature '", signature, "' is not 2, 3, 4 or 6"));
}

std::string normalise_language(std::string_view text) {
  std::string code = to_lower(strip(text));
  if (is_absent(code)) return std::string(kUnknownLanguage);
  if (std::find(kLanguages.begin(), kLanguages.end(), code) != kLanguages.end()) return code;
  std::string known;
  for (const std::string_view language : kLanguages)
    known += str(known.empty() ? "" : " ", language);
  throw Error(ErrorCode::InvalidRequest,
              str("planner: the vocal language '", code, "' is not one of ", known));
}

SongMetadata normalise_metadata(const SongMetadata& user) {
  check_user_text(user.caption, "caption");
  check_user_text(user.key_scale, "key");
  check_user_text(user.time_signature, "time signature");
  check_user_text(user.language, "vocal language");
  SongMetadata checked{.bpm = user.bpm,
                       .caption = user.caption,
                       .duration_seconds = user.duration_seconds,
                       .key_scale = normalise_key_scale(user.key_scale),
                       .language = normalise_language(user.language),
                       .time_signature = normalise_time_signature(user.time_signature)};
  if (checked.bpm == 0) checked.bpm.reset();
  if (checked.duration_seconds == 0) checked.duration_seconds.reset();
  if (checked.bpm && (*checked.bpm < kMinBpm || *checked.bpm > kMaxBpm)) {
    throw_range("bpm", *checked.bpm, kMinBpm, kMaxBpm);
  }
  const std::optional<int64_t> seconds = checked.duration_seconds;
  if (seconds && (*seconds < 1 || *seconds > kMaxPlannedSeconds)) {
    throw_range("duration", *seconds, 1, kMaxPlannedSeconds);
  }
  return checked;
}

SongMetadata merge_metadata(const SongMetadata& user, const SongMetadata& planned) {
  const auto first = [](const std::string& a, const std::string& b) { return a.empty() ? b : a; };
  const bool language_open = user.language.empty() || user.language == kUnknownLanguage;
  return {
      .bpm = user.bpm ? user.bpm : planned.bpm,
      .caption = first(planned.caption, user.caption),
      .duration_seconds = user.duration_seconds ? user.duration_seconds : planned.duration_seconds,
      .key_scale = first(user.key_scale, planned.key_scale),
      .language = language_open ? first(planned.language, user.language) : user.language,
      .time_signature = first(user.time_signature, planned.time_signature)};
}

}  // namespace ams
