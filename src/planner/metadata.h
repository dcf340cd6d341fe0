// Musical metadata of a song, and what users may write for it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ams {

inline constexpr int64_t kMinBpm = 30;
inline constexpr int64_t kMaxBpm = 300;
inline constexpr int64_t kMinPlannedSeconds = 10;  // the planner was trained on 10 to 600 s
inline constexpr int64_t kMaxPlannedSeconds = 600;
inline constexpr std::string_view kUnknownLanguage = "unknown";
inline constexpr std::string_view kInstrumentalLyrics = "[Instrumental]";

// Every field may be absent: nullopt or empty.
struct SongMetadata {
  std::optional<int64_t> bpm = {};  // beats a minute
  std::string caption = {};
  std::optional<int64_t> duration_seconds = {};
  std::string key_scale = {};       // "F# minor"
  std::string language = {};        // "en"; "unknown" says that the model could not tell
  std::string time_signature = {};  // "2", "3", "4" or "6"

  bool operator==(const SongMetadata&) const = default;
};

// The forms in which the planner writes a key ("A major" … "G♭ minor"), a time signature and a
// language, in the reference's order. Thread-safe, as all functions here.
std::span<const std::string> key_scales();
std::span<const std::string_view> time_signatures();
std::span<const std::string_view> languages();

// "am", "A min", "A MINOR" -> "A minor"; "Bb" -> "Bb major"; blank and "N/A" -> "".
// Throws InvalidRequest, naming the accepted form, for anything else.
std::string normalise_key_scale(std::string_view text);

// "4", "4/4" -> "4"; "6/8" -> "6"; blank and "N/A" -> "". Throws InvalidRequest.
std::string normalise_time_signature(std::string_view text);

// A code of languages(), letter case ignored; blank -> "unknown". Throws InvalidRequest.
std::string normalise_language(std::string_view text);

// All fields as a user may give them, normalised; a bpm or duration of 0 counts as absent.
// Throws InvalidRequest with the field, its value and its range.
SongMetadata normalise_metadata(const SongMetadata& user);

// What the rest of the pipeline uses: a user's value always wins, the planner fills the gaps. The
// planner's language counts if the user left it empty or "unknown"; its caption replaces the
// user's (the caller leaves it empty to keep the user's).
SongMetadata merge_metadata(const SongMetadata& user, const SongMetadata& planned);

}  // namespace ams
