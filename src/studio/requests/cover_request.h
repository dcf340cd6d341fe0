// The request of mode Cover: a new song that follows a reference clip.
#pragma once

#include <string>

#include "base/fields.h"
#include "studio/requests/song_controls.h"

namespace ams {

// A value type. Texts are UTF-8.
struct CoverRequest : SongControls {
  std::string ref_audio;               // file, 1-60 s
  std::string prompt;                  // 0-512 characters; empty: the clip alone sets the style
  std::string lyrics;                  // 0-4096 characters
  double duration_seconds = 30;        // 5-600
  double audio_cover_strength = 0.93;  // 0-1, share of the steps that see the clip
  double cover_noise_strength = 0;     // 0-1, above 0 starts from the partly noised clip
};

// The rows of the whole request. They point into the argument.
Fields fields(CoverRequest& request);

// Brings the request into its one form and checks it; the file is not opened.
// Throws InvalidRequest that names field, value and range.
void validate(CoverRequest& request);

}  // namespace ams
