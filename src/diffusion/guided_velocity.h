// The velocity that a solver sees: the network's, joined by guidance, clamped and averaged.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "diffusion/guidance.h"
#include "diffusion/latent_shape.h"
#include "diffusion/velocity.h"
#include "diffusion/velocity_limits.h"

namespace ams {

struct GuidanceOptions {
  std::string method = "apg";   // key of guidances()
  double scale = 7.0;           // guidance is off at 1 and below: one network row per item
  double interval_start = 0.0;  // guidance acts while start <= t <= end, t = noise level;
  double interval_end = 1.0;    // outside, the conditional velocity is used alone
};

struct VelocityLimits {
  double norm_threshold = 0.0;  // longest velocity relative to the latents; 0 = off
  double average_factor = 0.0;  // weight of the previous velocity, in [0, 1); 0 = off
};

// Throw InvalidRequest on an unknown method and on numbers outside their range.
void validate(const GuidanceOptions& options);
void validate(const VelocityLimits& limits);

// True if `options` ask for guidance at noise level t.
bool is_guided_at(const GuidanceOptions& options, float t);

// Confined to the thread that samples. The observer may be empty.
class GuidedVelocity {
 public:
  GuidedVelocity(const LatentShape& shape,
                 const GuidanceOptions& guidance,
                 const VelocityLimits& limits,
                 VelocityObserver observe);

  // Velocity of a step that starts at noise level t. Advances the guidance.
  void evaluate(const VelocityFunction& network,
                std::span<const float> latents,
                float t,
                std::span<float> velocity);
  // Velocity at the end of a Heun step. `first` is the step's velocity.
  void evaluate_corrector(const VelocityFunction& network,
                          std::span<const float> latents,
                          float t,
                          std::span<const float> first,
                          std::span<float> velocity);
  // Keeps the velocity that moved the latents for the average.
  void remember(std::span<const float> velocity) { average_.remember(velocity); }

 private:
  // Calls the network; returns the unconditional velocity, empty if guidance is off at t.
  std::span<const float> call(const VelocityFunction& network,
                              std::span<const float> latents,
                              float t,
                              std::span<float> conditional);

  LatentShape shape_;
  GuidanceOptions options_;
  VelocityLimits limits_;
  VelocityObserver observe_;
  std::unique_ptr<Guidance> guidance_;  // null: off
  VelocityAverage average_;
  std::vector<float> unconditional_;
};

}  // namespace ams
