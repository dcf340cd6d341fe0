#include "studio/requests/generate_request.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/str.h"
#include "planner/metadata.h"

namespace ams {
namespace {

constexpr int32_t kMaxSeed = 2147483647;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// For numbers where users write 0 or less for "none".
void drop_unless_positive(std::optional<int64_t>& value) {
  if (value && *value <= 0) value.reset();
}

Fields own_fields(GenerateRequest& request) {
  return {
      {.name = "prompt",
       .member = &request.prompt,
       .range = {1, 512},
       .help = "Style of the song: genre, mood, instruments, voice"},
      {.name = "lyrics",
       .flag = "--lyrics",
       .member = &request.lyrics,
       .range = {0, 4096},
       .help = "Lyrics with section tags such as [Verse] and [Chorus]"},
      {.name = "duration_s",
       .flag = "--duration",
       .member = &request.duration_seconds,
       .range = {5, 600},
       .unit = "s",
       .help = "Length of the song"},
      {.name = "instrumental",
       .flag = "--instrumental",
       .member = &request.instrumental,
       .help = "No vocals; lyrics are then not used"},
      {.name = "seed",
       .flag = "--seed",
       .member = &request.seed,
       .range = {1, kMaxSeed},
       .when_absent = "a random one; so are -1 and 0",
       .help = "Same request and seed, same song"},
      {.name = "sde_seed",
       .flag = "--sde-seed",
       .member = &request.sde_seed,
       .range = {1, kMaxSeed},
       .when_absent = "a random one",
       .help = "Repeats a run of method sde exactly"},
      {.name = "model",
       .flag = "--model",
       .member = &request.model,
       .range = {0, 4096},
       .when_absent = "the best model present",
       .help = "Name or folder of the model; ams models lists them"},
      {.name = "compat",
       .flag = "--compat",
       .member = EnumMember(&request.compat),
       .choices = {"none", "bf16-tables"},
       .help = "bf16-tables rounds as the official CUDA program does, for comparisons"},
  };
}

}  // namespace

Fields fields(GenerateRequest& request) {
  Fields all = own_fields(request);
  for (Fields group : {fields(request.advanced), fields(request.lm), fields(request.dcw)}) {
    std::move(group.begin(), group.end(), std::back_inserter(all));
  }
  return all;
}

void validate(GenerateRequest& request) {
  if (is_blank(request.prompt)) {
    throw Error(ErrorCode::InvalidRequest,
                "request: 'prompt' is missing; describe the style of the song");
  }
  drop_unless_positive(request.seed);
  drop_unless_positive(request.sde_seed);
  if (request.advanced.bpm == 0) request.advanced.bpm.reset();
  if (request.lm.negative_prompt.empty()) {
    request.lm.negative_prompt = PlannerOptions().negative_prompt;
  }
  check_ranges(fields(request));

  AdvancedOptions& advanced = request.advanced;
  advanced.keyscale = normalise_key_scale(advanced.keyscale);
  if (advanced.cfg_interval_start > advanced.cfg_interval_end) {
    throw Error(ErrorCode::InvalidRequest,
                str("request: 'advanced.cfg_interval_start' is ",
                    advanced.cfg_interval_start,
                    ", expected at most 'advanced.cfg_interval_end', which is ",
                    advanced.cfg_interval_end));
  }
}

int64_t draw_seed() {
  std::random_device source;
  return std::uniform_int_distribution<int64_t>(1, kMaxSeed)(source);
}

int64_t estimate_seconds(const GenerateRequest& request) {
  constexpr int64_t kBaseSeconds = 30;
  constexpr double kPerSecondOfAudio = 2.0;
  const auto audio = static_cast<int64_t>(std::ceil(kPerSecondOfAudio * request.duration_seconds));
  return std::clamp<int64_t>(kBaseSeconds + audio, 60, 300);
}

}  // namespace ams
