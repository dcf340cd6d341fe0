#include "diffusion/turbo_schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "base/error.h"
#include "diffusion/base_schedule.h"
#include "diffusion/bfloat16.h"

namespace ams {
namespace {

constexpr int64_t kMaxTurboSteps = 20;

constexpr std::array<double, 20> kDistilledLevels{
    1.0,  0.9545454545, 0.9333333333, 0.9,   0.875,        0.8571428571, 0.8333333333, 0.7692307692,
    0.75, 0.6666666667, 0.6428571429, 0.625, 0.5454545455, 0.5,          0.4,          0.375,
    0.3,  0.25,         0.2222222222, 0.125};

// By shift - 1.
constexpr std::array<std::array<float, 8>, 3> kPublishedLevels{{
    {1.0f, 0.875f, 0.75f, 0.625f, 0.5f, 0.375f, 0.25f, 0.125f},
    {1.0f, 0.933333f, 0.857143f, 0.769231f, 0.666667f, 0.545455f, 0.4f, 0.222222f},
    {1.0f, 0.954545f, 0.9f, 0.833333f, 0.75f, 0.642857f, 0.5f, 0.3f},
}};

float nearest_distilled_level(float t) {
  const auto nearer = [t](double a, double b) { return std::abs(a - t) < std::abs(b - t); };
  return static_cast<float>(*std::min_element(
      kDistilledLevels.begin(), kDistilledLevels.end(), nearer));  // the first of equals
}

std::vector<float> snapped_timesteps(std::vector<float> timesteps) {
  while (!timesteps.empty() && timesteps.back() == 0.0f) timesteps.pop_back();
  if (timesteps.empty()) {
    throw Error(ErrorCode::InvalidRequest,
                "diffusion: all timesteps are 0, expected levels above 0");
  }
  timesteps.resize(std::min(timesteps.size(), static_cast<size_t>(kMaxTurboSteps)));
  std::transform(timesteps.begin(), timesteps.end(), timesteps.begin(), nearest_distilled_level);
  return timesteps;
}

std::vector<float> published_levels(double shift) {
  // Round half down, as the first of equally near shifts wins.
  const double nearest = std::clamp(std::ceil(shift - 0.5), 1.0, 3.0);
  const std::array<float, 8>& levels = kPublishedLevels[static_cast<size_t>(nearest) - 1];
  return {levels.begin(), levels.end()};
}

}  // namespace

Schedule make_turbo_schedule(const ScheduleOptions& options) {
  Schedule schedule;
  schedule.ends_with_jump = true;
  if (!options.timesteps.empty()) {
    schedule.noise_levels = snapped_timesteps(options.timesteps);
    schedule.noise_levels.push_back(0.0f);
  } else if (options.steps) {
    schedule.noise_levels = shifted_levels(
        std::min(*options.steps, kMaxTurboSteps), options.shift, options.rounds_to_bfloat16);
  } else {
    schedule.noise_levels = published_levels(options.shift);
    schedule.noise_levels.push_back(0.0f);
  }
  if (options.rounds_to_bfloat16) {
    for (float& t : schedule.noise_levels) t = round_to_bfloat16(t);
  }
  return schedule;
}

}  // namespace ams
