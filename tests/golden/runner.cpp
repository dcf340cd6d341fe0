#include "golden/runner.h"

#include <array>

namespace ams::golden {
namespace {

constexpr double kNetwork = 1e-4;

constexpr std::array<Runner, 8> kRunners{{
    {"text/", kNetwork, run_text},
    {"lm/", kNetwork, run_lm},
    {"lm/qwen3_cfg", kNetwork, run_lm_guided},
    {"cond/", kNetwork, run_cond},
    {"cond/fsq_tokenize", kNetwork, run_fsq_tokenize},
    {"cond/fsq_detokenize", kNetwork, run_fsq_detokenize},
    {"dit/", kNetwork, run_dit},
    {"demucs/", kNetwork, run_demucs},
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
