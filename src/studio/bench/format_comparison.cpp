#include "studio/bench/format_comparison.h"

#include <chrono>
#include <cmath>
#include <ctime>

#include "base/philox.h"
#include "diffusion/sampler.h"
#include "nets/acestep_model.h"
#include "studio/weights/model_weights.h"

namespace ams {
namespace {

constexpr int64_t kConditionTokens = 64;

FloatArray seeded_normals(std::vector<int64_t> shape, uint64_t seed) {
  FloatArray array(std::move(shape));
  PhiloxStream(seed, RandomPurpose::Noise).fill_normal(array.data);
  return array;
}

struct Run {
  FloatArray latents;
  FormatResult result;
};

Run run_loop(const FormatComparisonOptions& options, const Device& device, Precision precision) {
  const auto model = AceStepModel::load(AceStepConfig::load(options.dit),
                                        open_model_weights(options.dit, Precision::BF16, {}),
                                        device,
                                        precision);
  const int64_t channels = model->config().audio_acoustic_hidden_dim;
  const auto bound = model->dit().bind(
      {seeded_normals({1, kConditionTokens, model->config().encoder_hidden_size}, 2),
       seeded_normals({1, options.frames, 2 * channels}, 3)});
  SampleOptions sampling;
  sampling.schedule.steps = options.steps;
  sampling.guidance.method = "apg";
  sampling.guidance.scale = options.guidance_scale;
  const LatentShape shape{1, options.frames, channels};
  const FloatArray noise = seeded_normals({1, options.frames, channels}, 1);
  SampleInputs inputs;
  inputs.shape = shape;
  inputs.noise = noise.data;
  SampleCallbacks callbacks;
  callbacks.velocity = [&](auto latents, float t, auto conditional, auto unconditional) {
    bound->velocity(latents, t, conditional, unconditional);
  };
  const std::clock_t processor_start = std::clock();
  const auto start = std::chrono::steady_clock::now();
  Run run{sample(sampling, inputs, callbacks), {precision}};
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  run.result.weight_bytes = model->store().bytes();
  const auto steps = static_cast<double>(options.steps);
  run.result.step_seconds = elapsed.count() / steps;
  run.result.processor_seconds =
      static_cast<double>(std::clock() - processor_start) / CLOCKS_PER_SEC / steps;
  return run;
}

void compare(const FloatArray& exact, const FloatArray& latents, FormatResult& result) {
  double product = 0.0, exact_square = 0.0, square = 0.0, difference = 0.0;
  for (size_t i = 0; i < exact.data.size(); ++i) {
    const double a = exact.data[i];
    const double b = latents.data[i];
    product += a * b;
    exact_square += a * a;
    square += b * b;
    difference += (a - b) * (a - b);
  }
  result.cosine = product / std::sqrt(exact_square * square);
  result.relative_l2 = std::sqrt(difference / exact_square);
}

}  // namespace

std::vector<FormatResult> compare_formats(const FormatComparisonOptions& options,
                                          const Device& device,
                                          const std::function<void(const FormatResult&)>& observe) {
  std::vector<FormatResult> results;
  const Run exact = run_loop(options, device, Precision::BF16);
  results.push_back(exact.result);
  if (observe) observe(results.back());
  for (const Precision precision : options.formats) {
    Run run = run_loop(options, device, precision);
    compare(exact.latents, run.latents, run.result);
    results.push_back(run.result);
    if (observe) observe(results.back());
  }
  return results;
}

}  // namespace ams
