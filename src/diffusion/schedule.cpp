#include "diffusion/schedule.h"

#include <array>
#include <cmath>

#include "base/error.h"
#include "base/str.h"
#include "diffusion/base_schedule.h"
#include "diffusion/turbo_schedule.h"

namespace ams {
namespace {

constexpr int64_t kMaxSteps = 1000;

constexpr std::array<ScheduleInfo, 2> kSchedules{{
    {"base", "Linear, shifted (base and SFT models)", make_base_schedule},
    {"turbo", "Turbo, at most 20 steps (distilled models)", make_turbo_schedule},
}};

const ScheduleInfo& find_schedule(std::string_view name) {
  std::string known;
  for (const ScheduleInfo& info : kSchedules) {
    if (info.name == name) return info;
    known += str(known.empty() ? "" : ", ", info.name);
  }
  throw Error(ErrorCode::InvalidRequest,
              str("diffusion: schedule '", name, "' is unknown, expected one of ", known));
}

void validate_options(const ScheduleOptions& options) {
  if (options.steps && (*options.steps < 1 || *options.steps > kMaxSteps)) {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: steps is ", *options.steps, ", expected 1 to ", kMaxSteps));
  }
  if (!(options.shift > 0.0) || !std::isfinite(options.shift)) {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: shift is ", options.shift, ", expected a number above 0"));
  }
  if (static_cast<int64_t>(options.timesteps.size()) > kMaxSteps + 1) {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: ",
                    options.timesteps.size(),
                    " timesteps, expected at most ",
                    kMaxSteps + 1));
  }
  float previous = 1.0f;
  for (const float t : options.timesteps) {
    if (!(t >= 0.0f && t <= previous)) {
      throw Error(ErrorCode::InvalidRequest,
                  str("diffusion: timestep ", t, " after ", previous, ", expected 1 falling to 0"));
    }
    previous = t;
  }
}

}  // namespace

Step Schedule::step(int64_t index) const {
  const auto i = static_cast<size_t>(index);
  const double unshifted = 1.0 - static_cast<double>(index + 1) / static_cast<double>(steps());
  return {
      .index = index,
      .count = steps(),
      .t = noise_levels[i],
      .next_t = noise_levels[i + 1],
      .official_sde_t = sde_follows_levels ? noise_levels[i + 1] : static_cast<float>(unshifted),
      .jumps_to_clean = ends_with_jump && index + 1 == steps()};
}

void Schedule::start_at(int64_t index) {
  noise_levels.erase(noise_levels.begin(), noise_levels.begin() + index);
}

int64_t Schedule::nearest_step(double level) const {
  int64_t nearest = 0;
  for (int64_t i = 1; i < steps(); ++i) {
    const double distance = std::abs(noise_levels[static_cast<size_t>(i)] - level);
    if (distance < std::abs(noise_levels[static_cast<size_t>(nearest)] - level)) nearest = i;
  }
  return nearest;
}

std::span<const ScheduleInfo> schedules() { return kSchedules; }

Schedule make_schedule(const ScheduleOptions& options) {
  const ScheduleInfo& info = find_schedule(options.name);
  validate_options(options);
  return info.make(options);
}

}  // namespace ams
