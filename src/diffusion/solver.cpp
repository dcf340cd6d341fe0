#include "diffusion/solver.h"

#include <array>
#include <string>

#include "base/error.h"
#include "base/str.h"
#include "diffusion/euler.h"
#include "diffusion/heun.h"
#include "diffusion/sde.h"

namespace ams {
namespace {

std::unique_ptr<Solver> make_euler(const SolverContext& /*context*/) {
  return std::make_unique<EulerSolver>();
}
std::unique_ptr<Solver> make_heun(const SolverContext& context) {
  return std::make_unique<HeunSolver>(context);
}
std::unique_ptr<Solver> make_official_sde(const SolverContext& context) {
  return std::make_unique<SdeSolver>(context, RenoiseLevel::Official);
}
std::unique_ptr<Solver> make_schedule_sde(const SolverContext& context) {
  return std::make_unique<SdeSolver>(context, RenoiseLevel::Schedule);
}

constexpr std::array<SolverInfo, 4> kSolvers{{
    {"euler", "Euler", /*draws_noise=*/false, make_euler},
    {"heun", "Heun, two network calls a step", /*draws_noise=*/false, make_heun},
    {"sde", "SDE, official noise levels", /*draws_noise=*/true, make_official_sde},
    {"sde_schedule", "SDE, noise levels of the schedule", /*draws_noise=*/true, make_schedule_sde},
}};

}  // namespace

std::span<const SolverInfo> solvers() { return kSolvers; }

const SolverInfo& find_solver(std::string_view name) {
  std::string known;
  for (const SolverInfo& info : kSolvers) {
    if (info.name == name) return info;
    known += str(known.empty() ? "" : ", ", info.name);
  }
  throw Error(ErrorCode::InvalidRequest,
              str("diffusion: solver '", name, "' is unknown, expected one of ", known));
}

}  // namespace ams
