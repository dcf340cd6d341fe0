// Schedule of the turbo models of ACE-Step 1.5, distilled for few steps: at most 20 steps, given
// timesteps snap to the 20 levels seen in distillation, and the last step jumps to the clean
// latents.
#pragma once

#include "diffusion/schedule.h"

namespace ams {

// By precedence: given timesteps (trailing zeros dropped, the first 20, each snapped); steps with
// the base formula; eight published levels for the shift 1, 2 or 3 that is nearest.
// Throws InvalidRequest if all given timesteps are 0.
Schedule make_turbo_schedule(const ScheduleOptions& options);

}  // namespace ams
