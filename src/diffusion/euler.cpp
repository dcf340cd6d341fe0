#include "diffusion/euler.h"

namespace ams {

void euler_move(std::span<const float> latents,
                std::span<const float> velocity,
                float duration,
                std::span<float> out) {
  for (size_t i = 0; i < out.size(); ++i) out[i] = latents[i] - velocity[i] * duration;
}

void EulerSolver::step(std::span<float> latents, std::span<float> velocity, const Step& step) {
  euler_move(latents, velocity, step.t - step.next_t, latents);
}

}  // namespace ams
