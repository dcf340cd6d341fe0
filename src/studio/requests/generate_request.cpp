#include "studio/requests/generate_request.h"

#include <utility>

#include "base/error.h"
#include "planner/plain_text.h"

namespace ams {

Fields fields(GenerateRequest& request) {
  Fields own = {
      {.name = "prompt",
       .member = &request.prompt,
       .range = {1, 512},
       .help = "Style of the song: genre, mood, instruments, voice",
       .label = "Style prompt",
       .placeholder = "Warm lo-fi hip hop, dusty drums, mellow piano, female vocals",
       .missing = "The style prompt is missing. Describe the song: genre, mood, instruments."},
      {.name = "lyrics",
       .flag = "--lyrics",
       .member = &request.lyrics,
       .range = {0, 4096},
       .help = "Lyrics with section tags such as [Verse] and [Chorus]",
       .label = "Lyrics",
       .placeholder = kLyricsPlaceholder},
      {.name = "duration_s",
       .flag = "--duration",
       .member = &request.duration_seconds,
       .range = {5, 600},
       .unit = "s",
       .help = "Length of the song",
       .label = "Duration (s)",
       .step = 5},
      {.name = "instrumental",
       .flag = "--instrumental",
       .member = &request.instrumental,
       .help = "No vocals; lyrics are then not used",
       .label = "Vocal mode"},
  };
  return joined(std::move(own), control_fields(request));
}

void validate(GenerateRequest& request) {
  if (is_blank(request.prompt)) {
    throw Error(ErrorCode::InvalidRequest,
                "request: 'prompt' is missing; describe the style of the song");
  }
  normalise(request);
  check_ranges(fields(request));
  validate_controls(request);
}

int64_t estimate_seconds(const GenerateRequest& request) {
  return estimate_seconds(request.duration_seconds);
}

}  // namespace ams
