// Time of one token's draw from the planner's 64000 audio codes, guidance included.
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "planner/token_sampler.h"

namespace ams {
namespace {

constexpr size_t kCodes = 64000;

std::vector<float> normal_logits(float deviation) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0f, deviation);
  std::vector<float> logits(kCodes);
  for (float& logit : logits) logit = deviation > 0.0f ? normal(random) : 0.0f;
  return logits;
}

// range(0): deviation of the logits in hundredths; range(1): top_p in hundredths; range(2): top_k.
void sample_codes(benchmark::State& state) {
  const std::vector<float> cond = normal_logits(static_cast<float>(state.range(0)) / 100.0f);
  const std::vector<float> uncond(kCodes, 0.0f);
  std::vector<float> guided(kCodes);
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> uniform;
  TokenSampler sampler({.temperature = 0.85f,
                        .top_k = state.range(2),
                        .top_p = static_cast<float>(state.range(1)) / 100.0f},
                       [&] { return uniform(random); });
  for (auto _ : state) {
    guided = cond;
    apply_guidance(guided, uncond, 1.0f);
    benchmark::DoNotOptimize(sampler.sample(guided));
  }
}

BENCHMARK(sample_codes)
    ->ArgNames({"deviation", "top_p", "top_k"})
    ->Args({0, 90, 0})      // all equal
    ->Args({1, 90, 0})      // nearly flat
    ->Args({100, 90, 0})    // flat
    ->Args({800, 90, 0})    // peaked
    ->Args({100, 100, 0})   // no cut
    ->Args({100, 100, 50})  // top-k
    ->Args({100, 90, 1000})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace ams
