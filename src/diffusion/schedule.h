// Noise levels that sampling visits, and the table of schedules.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ams {

// One step of sampling: from noise level t to next_t (1 = noise, 0 = clean).
struct Step {
  int64_t index = 0;
  int64_t count = 0;
  float t = 1.0f;
  float next_t = 0.0f;
  float official_sde_t = 0.0f;  // level that the official SDE solver renoises to
  bool jumps_to_clean = false;  // the last step of a turbo model: x - t v, nothing else
};

struct Schedule {
  std::vector<float> noise_levels = {};  // falling, N + 1 values, the last is 0
  bool ends_with_jump = false;           // the last step jumps to the clean latents
  bool sde_follows_levels = true;  // false: the official SDE solver ignores shift and timesteps

  int64_t steps() const { return static_cast<int64_t>(noise_levels.size()) - 1; }
  Step step(int64_t index) const;
  // Drops the steps before `index`, which is then the first.
  void start_at(int64_t index);
  // Index of the level of a step that is nearest to `level`, the first of equals.
  int64_t nearest_step(double level) const;
};

struct ScheduleOptions {
  std::string name = "base";  // key of schedules()
  // 1 to 1000; empty: `timesteps`, or turbo's eight published steps.
  std::optional<int64_t> steps = {};
  double shift = 1.0;                 // > 0; 1 = linear, larger = more steps at high noise
  std::vector<float> timesteps = {};  // not empty: replaces steps and shift
  bool rounds_to_bfloat16 = false;    // as official CUDA runs; duplicate levels may appear
};

// A choice of the schedule by name.
struct ScheduleInfo {
  std::string_view name;
  std::string_view label;
  Schedule (*make)(const ScheduleOptions& options);
};
std::span<const ScheduleInfo> schedules();

// Throws InvalidRequest on an unknown name, on steps or shift outside their range, and on timesteps
// that are not falling from at most 1 to 0. Thread-safe.
Schedule make_schedule(const ScheduleOptions& options);

}  // namespace ams
