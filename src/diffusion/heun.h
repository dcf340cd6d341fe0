// Heun's method for the flow ODE: x_p = x - v (t - t'),  v2 = velocity(x_p, t'),
// x <- x - (v + v2) / 2 (t - t'). The corrector also runs at t' = 0, as in the reference; not on
// the closing jump of turbo models.
#pragma once

#include <vector>

#include "diffusion/solver.h"

namespace ams {

class HeunSolver : public Solver {
 public:
  explicit HeunSolver(const SolverContext& context);
  void step(std::span<float> latents, std::span<float> velocity, const Step& step) override;

 private:
  CorrectorFunction corrector_;
  std::vector<float> predicted_;        // x_p
  std::vector<float> second_velocity_;  // v2
};

}  // namespace ams
