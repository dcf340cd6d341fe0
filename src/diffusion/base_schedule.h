// Schedule of the base and SFT models: t_i = 1 - i / N, then t <- s t / (1 + (s - 1) t)
// (timestep shift of arXiv:2403.03206, section 5.3.2). Given timesteps are used as they are.
#pragma once

#include <vector>

#include "diffusion/schedule.h"

namespace ams {

// Throws InvalidRequest if neither steps nor timesteps are given, or if timesteps do not end at 0.
Schedule make_base_schedule(const ScheduleOptions& options);

// The formula above in float32, or with each operation rounded to bfloat16. N + 1 values.
std::vector<float> shifted_levels(int64_t steps, double shift, bool rounds_to_bfloat16);

}  // namespace ams
