// Sampling of ACE-Step 1.5: integrates noise to clean latents along velocities that the caller
// computes. This module knows no network, no weights and no files.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "base/array.h"
#include "diffusion/guided_velocity.h"
#include "diffusion/latent_shape.h"
#include "diffusion/schedule.h"
#include "diffusion/velocity.h"
#include "diffusion/wavelet_correction.h"

namespace ams {

struct SampleOptions {
  ScheduleOptions schedule = {};
  std::string solver = "euler";  // key of solvers()
  GuidanceOptions guidance = {};
  VelocityLimits limits = {};
  std::optional<CorrectionOptions> correction = {};  // after each step; empty = off
  // Share of the steps with the main conditions, in [0, 1]: int(steps * strength). The others use
  // the non-cover conditions.
  double cover_strength = 1.0;
  // In [0, 1]; above 0 starts at the noise level nearest to 1 - strength from the partly noised
  // source; earlier steps are not run.
  double cover_noise_strength = 0.0;
};

// What stays of a source while a zone is repainted.
struct RepaintRegion {
  std::span<const float> clean;   // [B, T, C] latents of the source
  std::span<const uint8_t> mask;  // [B, T], not 0 = generate
  double injection_ratio = 0.5;   // in [0, 1], see repaint_settings()
  int64_t crossfade_frames = 12;  // >= 0, 0 = no blend
};

// Borrowed for the call.
struct SampleInputs {
  LatentShape shape;
  std::span<const float> noise;              // [B, T, C] standard normal; see initial_noise()
  std::span<const float> cover_source = {};  // [B, T, C], needed if cover_noise_strength > 0
  std::optional<RepaintRegion> repaint = {};
};

struct SampleCallbacks {
  VelocityFunction velocity = {};
  VelocityFunction non_cover_velocity = {};  // needed if steps are left after the cover steps
  NoiseSource fresh_noise = {};              // needed by solvers that draw noise
  StepProgress progress = {};                // may be empty
  VelocityObserver observe = {};             // may be empty
};

// Throws InvalidRequest on unknown names and numbers outside their range.
void validate(const SampleOptions& options);

// Clean latents [B, T, C] of a batch. Uses the caller's thread; the callbacks run on it.
// Throws InvalidRequest if options, inputs and callbacks do not fit together, Cancelled within one
// step of a stop request, Internal if the result is not finite, and what the callbacks throw.
FloatArray sample(const SampleOptions& options,
                  const SampleInputs& inputs,
                  const SampleCallbacks& callbacks,
                  const std::stop_token& stop = {});

}  // namespace ams
