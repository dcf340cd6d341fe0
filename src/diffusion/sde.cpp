#include "diffusion/sde.h"

#include "diffusion/euler.h"

namespace ams {

SdeSolver::SdeSolver(const SolverContext& context, RenoiseLevel rule)
    : noise_(context.noise), rule_(rule), draw_(context.shape.size()) {}

float SdeSolver::level_after(const Step& step) const {
  return rule_ == RenoiseLevel::Official ? step.official_sde_t : step.next_t;
}

void SdeSolver::step(std::span<float> latents, std::span<float> velocity, const Step& step) {
  euler_move(latents, velocity, step.t, latents);
  const float level = level_after(step);
  if (level == 0.0f) return;
  noise_(draw_);
  for (size_t i = 0; i < latents.size(); ++i) {
    latents[i] = level * draw_[i] + (1.0f - level) * latents[i];
  }
}

}  // namespace ams
