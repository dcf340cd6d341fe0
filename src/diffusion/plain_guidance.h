// Classifier-free guidance (arXiv:2207.12598): v = v_u + s (v_c - v_u).
#pragma once

#include "diffusion/guidance.h"

namespace ams {

// The formula above on spans of one size. `guided` may be the memory of `conditional`.
void plain_guidance(std::span<const float> conditional,
                    std::span<const float> unconditional,
                    double scale,
                    std::span<float> guided);

class PlainGuidance : public Guidance {
 public:
  PlainGuidance(const LatentShape& /*shape*/, double scale) : Guidance(scale) {}
  void guide(const GuidanceInput& input, std::span<float> guided) override;
};

}  // namespace ams
