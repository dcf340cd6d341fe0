#include "golden/runner.h"

#include <array>

namespace ams::golden {
namespace {

constexpr double kFormula = 1e-5;  // no network: float32 on both sides
constexpr double kNetwork = 1e-4;
constexpr double kLoop = 1e-3;

constexpr std::array<Runner, 14> kRunners{{
    {"text/", kNetwork, run_text},
    {"lm/", kNetwork, run_lm},
    {"lm/qwen3_cfg", kNetwork, run_lm_guided},
    {"cond/", kNetwork, run_cond},
    {"cond/fsq_tokenize", kNetwork, run_fsq_tokenize},
    {"cond/fsq_detokenize", kNetwork, run_fsq_detokenize},
    {"dit/", kNetwork, run_dit},
    {"demucs/", kNetwork, run_demucs},
    {"sampler/", kFormula, run_sampler},
    {"sampler/seed_noise", kNetwork, run_sampler},  // roundings to bf16 may fall the other way
    {"loop/", kLoop, run_loop},
    {"vae/", kNetwork, run_vae},
    {"e2e/", kLoop, run_e2e},
    {"e2e/source", kLoop, run_e2e_source},
}};

}  // namespace

std::span<const Runner> runners() { return kRunners; }

const Runner* find_runner(std::string_view case_name) {
  const Runner* best = nullptr;
  for (const Runner& runner : kRunners) {
    if (!case_name.starts_with(runner.prefix)) continue;
    if (!best || runner.prefix.size() > best->prefix.size()) best = &runner;
  }
  return best;
}

}  // namespace ams::golden
