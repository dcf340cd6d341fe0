// Two dampers of the guided velocity, both off by default in ACE-Step 1.5.
#pragma once

#include <span>
#include <vector>

#include "diffusion/latent_shape.h"

namespace ams {

// v <- v min(1, threshold (|x| + 1e-10) / (|v| + 1e-10)), norms over time and channels for each
// item of the batch. latents, velocity: [B, T, C].
void clamp_velocity_norm(const LatentShape& shape,
                         std::span<const float> latents,
                         double threshold,
                         std::span<float> velocity);

// velocity <- (1 - factor) velocity + factor previous.
void blend_velocity(std::span<const float> previous, double factor, std::span<float> velocity);

// Exponential moving average of the velocities of successive steps.
class VelocityAverage {
 public:
  // factor: weight of the previous velocity, in [0, 1); 0 = off, no memory is used.
  VelocityAverage(const LatentShape& shape, double factor);

  double factor() const { return factor_; }
  // Blends in the velocity of the step before, if there was one.
  void smooth(std::span<float> velocity) const;
  // Keeps the velocity that moved the latents.
  void remember(std::span<const float> velocity);

 private:
  double factor_;
  bool has_previous_ = false;
  std::vector<float> previous_;
};

}  // namespace ams
