#include "diffusion/base_schedule.h"

#include <cmath>

#include "base/error.h"
#include "base/str.h"
#include "diffusion/bfloat16.h"

namespace ams {

std::vector<float> shifted_levels(int64_t steps, double shift, bool rounds_to_bfloat16) {
  const auto rounded = [rounds_to_bfloat16](float value) {
    return rounds_to_bfloat16 ? round_to_bfloat16(value) : value;
  };
  // torch.linspace(1, 0, N + 1): fused multiply-adds up from the start in the first half, down to
  // the end in the second.
  const int64_t count = steps + 1;
  const float increment = -1.0f / static_cast<float>(steps);
  std::vector<float> levels(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const float t = i < count / 2 ? std::fma(increment, static_cast<float>(i), 1.0f)
                                  : -increment * static_cast<float>(steps - i);
    levels[static_cast<size_t>(i)] = rounded(t);
  }
  if (shift == 1.0) return levels;
  const auto s = static_cast<float>(shift);
  const auto s_minus_1 = static_cast<float>(shift - 1.0);
  for (float& t : levels) {
    const float numerator = rounded(s * t);
    const float denominator = rounded(1.0f + rounded(s_minus_1 * t));
    t = rounded(numerator / denominator);
  }
  return levels;
}

Schedule make_base_schedule(const ScheduleOptions& options) {
  Schedule schedule;
  schedule.sde_follows_levels = false;
  if (options.timesteps.empty()) {
    if (!options.steps) {
      throw Error(ErrorCode::InvalidRequest, "diffusion: neither steps nor timesteps are given");
    }
    schedule.noise_levels =
        shifted_levels(*options.steps, options.shift, options.rounds_to_bfloat16);
    return schedule;
  }
  if (options.timesteps.size() < 2 || options.timesteps.back() != 0.0f) {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: timesteps end at ",
                    options.timesteps.back(),
                    ", expected at least two values with a closing 0"));
  }
  schedule.noise_levels = options.timesteps;
  if (options.rounds_to_bfloat16) {
    for (float& t : schedule.noise_levels) t = round_to_bfloat16(t);
  }
  return schedule;
}

}  // namespace ams
