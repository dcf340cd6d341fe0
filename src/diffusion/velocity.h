// How sampling asks for velocities, noise and attention from outside.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace ams {

// Velocity (noise minus clean latents, arXiv:2209.03003) of latents [B, T, C] at noise level t.
// `conditional` has their size; `unconditional` too, or it is empty and must not be computed.
using VelocityFunction = std::function<void(std::span<const float> latents,
                                            float t,
                                            std::span<float> conditional,
                                            std::span<float> unconditional)>;

// Fills the span [B, T, C] with fresh standard normal draws.
using NoiseSource = std::function<void(std::span<float> noise)>;

// After each of `total` steps.
using StepProgress = std::function<void(int64_t done, int64_t total)>;

// One finished call of the network, for comparisons with recorded runs. Valid during the callback.
struct VelocityCall {
  std::span<const float> latents;
  float t = 0.0f;
  std::span<const float> conditional;
  std::span<const float> unconditional;  // empty outside the guidance interval
};
using VelocityObserver = std::function<void(const VelocityCall& call)>;

}  // namespace ams
