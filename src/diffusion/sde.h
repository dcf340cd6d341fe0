// Stochastic solver of ACE-Step 1.5: predict the clean latents, then add fresh noise of level tau:
//   x0 = x - t v,  x <- tau e + (1 - tau) x0,  e ~ N(0, 1)
#pragma once

#include <vector>

#include "diffusion/solver.h"

namespace ams {

enum class RenoiseLevel {
  Official,  // generate_audio: tau = 1 - (i + 1) / N whatever the shift; turbo: as Schedule
  Schedule,  // tau = the next level, so that the network sees the level it is told
};

class SdeSolver : public Solver {
 public:
  SdeSolver(const SolverContext& context, RenoiseLevel rule);
  // Draws noise once, not if tau is 0.
  void step(std::span<float> latents, std::span<float> velocity, const Step& step) override;
  float level_after(const Step& step) const override;

 private:
  NoiseSource noise_;
  RenoiseLevel rule_;
  std::vector<float> draw_;
};

}  // namespace ams
