#include "studio/requests/extend_request.h"

#include <utility>

#include "base/error.h"
#include "planner/plain_text.h"

namespace ams {

Fields fields(ExtendRequest& request) {
  Fields own = {
      {.name = "seed_audio",
       .member = &request.seed_audio,
       .range = {1, 4096},
       .help = "The song to extend, 1 to 240 s",
       .label = "Seed audio",
       .missing = "Extend needs a seed song. Drop a file or choose one."},
      {.name = "extra_prompt",
       .flag = "--prompt",
       .member = &request.prompt,
       .range = {0, 512},
       .help = "Style of the extension",
       .label = "Extension prompt",
       .placeholder = "Slow build, wide pads, half-time drums"},
      {.name = "extension_lyrics",
       .flag = "--lyrics",
       .member = &request.lyrics,
       .range = {0, 4096},
       .when_absent = "instrumental",
       .help = "Lyrics of the extension",
       .label = "Extension lyrics (optional)",
       .placeholder = "[Bridge]\nHold the line"},
      {.name = "extra_duration_s",
       .flag = "--duration",
       .member = &request.extra_duration_seconds,
       .range = {5, 120},
       .unit = "s",
       .help = "Length of the extension",
       .label = "Extra duration (s)",
       .step = 5},
      {.name = "side",
       .flag = "--side",
       .member = EnumMember(&request.side),
       .choices = {"end", "start"},
       .help = "Where the song grows"},
  };
  return joined(joined(std::move(own), fields(request.repaint)), control_fields(request));
}

void validate(ExtendRequest& request) {
  if (is_blank(request.seed_audio)) {
    throw Error(ErrorCode::InvalidRequest,
                "request: 'seed_audio' is missing; Extend needs a seed song");
  }
  normalise(request);
  check_ranges(fields(request));
  validate_controls(request);
}

}  // namespace ams
