#include "diffusion/heun.h"

#include "diffusion/euler.h"

namespace ams {

HeunSolver::HeunSolver(const SolverContext& context)
    : corrector_(context.corrector),
      predicted_(context.shape.size()),
      second_velocity_(context.shape.size()) {}

void HeunSolver::step(std::span<float> latents, std::span<float> velocity, const Step& step) {
  const float duration = step.t - step.next_t;
  if (!step.jumps_to_clean) {
    euler_move(latents, velocity, duration, predicted_);
    corrector_(predicted_, step.next_t, velocity, second_velocity_);
    for (size_t i = 0; i < velocity.size(); ++i) {
      velocity[i] = 0.5f * (velocity[i] + second_velocity_[i]);
    }
  }
  euler_move(latents, velocity, duration, latents);
}

}  // namespace ams
