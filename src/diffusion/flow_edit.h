// Flow edit (arXiv:2412.08629) as in ACE-Step 1.5 (flow_edit_morph): moves a clip from a source
// prompt to a target prompt along the difference of both velocities, without inverting the clip.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>

#include "base/array.h"
#include "diffusion/guided_velocity.h"
#include "diffusion/latent_shape.h"
#include "diffusion/schedule.h"
#include "diffusion/velocity.h"

namespace ams {

struct FlowEditOptions {
  ScheduleOptions schedule =
      {};  // base formula for all models; given timesteps may lack the closing 0
  GuidanceOptions guidance = {};  // for both prompts; method "apg" or "none"
  VelocityLimits limits = {};
  double window_start = 0.0;   // shares of the steps, 0 <= start <= end <= 1. Steps before the
  double window_end = 1.0;     // window are skipped, steps after it sample the target alone
  int64_t draws_per_step = 1;  // >= 1 noise draws averaged in each step of the window
};

// Latents [B, T, C] are borrowed for the call; velocities, noise and callbacks as in sample().
struct FlowEditInputs {
  LatentShape shape;
  std::span<const float> source;  // clean latents of the clip
};

struct FlowEditCallbacks {
  VelocityFunction source_velocity;
  VelocityFunction target_velocity;
  NoiseSource fresh_noise;
  StepProgress progress = {};     // may be empty
  VelocityObserver observe = {};  // may be empty; source before target
};

// Throws InvalidRequest on unknown names and numbers outside their range.
void validate(const FlowEditOptions& options);

// Edited latents [B, T, C]. Costs two network calls per draw in the window, one per step after it.
// Uses the caller's thread. Throws as sample() does.
FloatArray flow_edit(const FlowEditOptions& options,
                     const FlowEditInputs& inputs,
                     const FlowEditCallbacks& callbacks,
                     const std::stop_token& stop = {});

}  // namespace ams
