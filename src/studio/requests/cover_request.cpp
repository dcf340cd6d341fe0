#include "studio/requests/cover_request.h"

#include <utility>

#include "base/error.h"
#include "planner/plain_text.h"

namespace ams {

Fields fields(CoverRequest& request) {
  Fields own = {
      {.name = "ref_audio",
       .member = &request.ref_audio,
       .range = {1, 4096},
       .help = "The clip to cover, 1 to 60 s",
       .label = "Reference audio",
       .missing = "Cover needs a reference clip. Drop a file or choose one."},
      {.name = "prompt",
       .flag = "--prompt",
       .member = &request.prompt,
       .range = {0, 512},
       .help = "New style",
       .label = "New style prompt (optional)",
       .placeholder = "Acoustic folk, fingerpicked guitar, close harmony"},
      {.name = "lyrics",
       .flag = "--lyrics",
       .member = &request.lyrics,
       .range = {0, 4096},
       .help = "New lyrics with section tags such as [Verse] and [Chorus]",
       .label = "New lyrics",
       .placeholder = kLyricsPlaceholder},
      {.name = "duration_s",
       .flag = "--duration",
       .member = &request.duration_seconds,
       .range = {5, 600},
       .unit = "s",
       .help = "Length of the song; a shorter clip is repeated, a longer one cut",
       .label = "Duration (s)",
       .step = 5},
      {.name = "audio_cover_strength",
       .flag = "--strength",
       .member = &request.audio_cover_strength,
       .range = {0, 1},
       .help = "Share of the steps that follow the clip; 0 ignores its structure",
       .label = "Cover strength",
       .step = 0.01},
      {.name = "cover_noise_strength",
       .flag = "--cover-noise",
       .member = &request.cover_noise_strength,
       .range = {0, 1},
       .help = "Starts from the clip instead of from noise; higher stays closer to it"},
  };
  return joined(std::move(own), control_fields(request));
}

void validate(CoverRequest& request) {
  if (is_blank(request.ref_audio)) {
    throw Error(ErrorCode::InvalidRequest,
                "request: 'ref_audio' is missing; Cover needs a reference clip");
  }
  normalise(request);
  check_ranges(fields(request));
  validate_controls(request);
}

}  // namespace ams
