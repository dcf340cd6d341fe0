// Euler's method for the flow ODE dx/dt = v (arXiv:2209.03003): x <- x - v (t - t').
#pragma once

#include "diffusion/solver.h"

namespace ams {

class EulerSolver : public Solver {
 public:
  void step(std::span<float> latents, std::span<float> velocity, const Step& step) override;
};

// out = latents - velocity * duration. Spans of one size; `out` may be `latents`.
void euler_move(std::span<const float> latents,
                std::span<const float> velocity,
                float duration,
                std::span<float> out);

}  // namespace ams
