// Classifier-free guidance: joins a conditional and an unconditional velocity. Interface and table.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "diffusion/latent_shape.h"

namespace ams {

// All spans are [B, T, C].
struct GuidanceInput {
  std::span<const float> latents;
  float t = 1.0f;  // noise level of the latents
  std::span<const float> conditional;
  std::span<const float> unconditional;
};

// Confined to the thread that samples.
class Guidance {
 public:
  virtual ~Guidance() = default;
  // The velocity of a step; may advance state. `guided` may be the memory of input.conditional.
  virtual void guide(const GuidanceInput& input, std::span<float> guided) = 0;
  // The velocity of Heun's corrector: plain guidance unless a method says otherwise.
  virtual void guide_corrector(const GuidanceInput& input, std::span<float> guided);

 protected:
  explicit Guidance(double scale) : scale_(scale) {}
  double scale_;  // 1 = conditional velocity
};

// A choice of the guidance by name. `make` returns null for "none": no unconditional velocity.
struct GuidanceInfo {
  std::string_view name;
  std::string_view label;
  std::unique_ptr<Guidance> (*make)(const LatentShape& shape, double scale);
};
std::span<const GuidanceInfo> guidances();

// Throws InvalidRequest on an unknown name.
const GuidanceInfo& find_guidance(std::string_view name);

}  // namespace ams
