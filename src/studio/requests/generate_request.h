// The request of mode Generate: a new song from a prompt and, if wanted, lyrics.
#pragma once

#include <cstdint>
#include <string>

#include "base/fields.h"
#include "studio/requests/song_controls.h"

namespace ams {

// A value type. Texts are UTF-8.
struct GenerateRequest : SongControls {
  std::string prompt;            // 1-512 characters
  std::string lyrics;            // 0-4096 characters, with section tags such as [Verse]
  double duration_seconds = 30;  // 5-600
  bool instrumental = false;     // wins over lyrics
};

// The rows of the whole request. They point into the argument.
Fields fields(GenerateRequest& request);

// Brings the request into its one form and checks it.
// Throws InvalidRequest that names field, value and range.
void validate(GenerateRequest& request);

// Seconds of computing that a song of this request is expected to need at most on a GPU.
int64_t estimate_seconds(const GenerateRequest& request);

}  // namespace ams
