// What an audio file says about itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace ams {

// Text is UTF-8; empty means absent. Formats differ in what they can hold:
//   MP3 (ID3v2.4), FLAC, Opus (Vorbis comments): everything.
//   WAV (RIFF INFO): title, artist, software, language, year, and one comment, which is the request
//   JSON if there is one.
struct AudioTags {
  std::string title;
  std::string artist;
  std::string software;  // program that made the file
  std::string comment;
  std::string lyrics;
  std::string language;   // of the vocals
  std::string key_scale;  // "C major"
  std::optional<int64_t> bpm;
  std::optional<int64_t> year;
  std::string request_json;  // the request that made the audio, as `ams request` reads it
  std::map<std::string, std::string> user;  // further fields: seed, prompt, LoRAs, models, job id

  bool operator==(const AudioTags&) const = default;
};

// Whether a field of `user` may have this name: printable ASCII without blanks and '='.
bool is_tag_name(std::string_view name);

}  // namespace ams
