// Solvers move latents from one noise level to the next along the velocity. Interface and table.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "diffusion/latent_shape.h"
#include "diffusion/schedule.h"
#include "diffusion/velocity.h"

namespace ams {

// Second velocity of a step, at predicted latents of noise level t; guided, limited and averaged
// with `first`, the velocity at the start of the step.
using CorrectorFunction = std::function<void(std::span<const float> latents,
                                             float t,
                                             std::span<const float> first,
                                             std::span<float> velocity)>;

// What solvers may need besides the velocity of the step.
struct SolverContext {
  LatentShape shape;
  CorrectorFunction corrector;
  NoiseSource noise;
};

// Confined to the thread that samples.
class Solver {
 public:
  virtual ~Solver() = default;
  // Moves `latents` from step.t to level_after(step). `velocity` is the one at step.t; afterwards
  // it is the one that was used.
  virtual void step(std::span<float> latents, std::span<float> velocity, const Step& step) = 0;
  // Noise level of the latents after the step.
  virtual float level_after(const Step& step) const { return step.next_t; }
};

// A choice of the solver by name.
struct SolverInfo {
  std::string_view name;
  std::string_view label;
  bool draws_noise;
  std::unique_ptr<Solver> (*make)(const SolverContext& context);
};
std::span<const SolverInfo> solvers();

// Throws InvalidRequest on an unknown name.
const SolverInfo& find_solver(std::string_view name);

}  // namespace ams
