// The request of mode Extend: a song grows at its end or before its start.
#pragma once

#include <string>

#include "base/fields.h"
#include "studio/requests/repaint_controls.h"
#include "studio/requests/song_controls.h"

namespace ams {

enum class ExtendSide { End, Start };

// A value type. Texts are UTF-8.
struct ExtendRequest : SongControls {
  std::string seed_audio;              // file, 1-240 s
  std::string prompt;                  // on the wire "extra_prompt", 0-512 characters
  std::string lyrics;                  // "extension_lyrics", 0-4096 characters; empty: instrumental
  double extra_duration_seconds = 60;  // 5-120; seed and extra together at most 360
  ExtendSide side = ExtendSide::End;
  // The fade starts inside the seed; it is cut to half the seed's length.
  RepaintControls repaint{.crossfade_seconds = 2.0};
};

// The rows of the whole request. They point into the argument.
Fields fields(ExtendRequest& request);

// Brings the request into its one form and checks it; the file is not opened.
// Throws InvalidRequest that names field, value and range.
void validate(ExtendRequest& request);

}  // namespace ams
