// sampler/: guidance, schedules, wavelet correction, repaint arithmetic and seeded noise.
#include <regex>

#include "base/error.h"
#include "base/str.h"
#include "diffusion/adg.h"
#include "diffusion/apg.h"
#include "diffusion/noise.h"
#include "diffusion/plain_guidance.h"
#include "diffusion/repaint.h"
#include "diffusion/schedule.h"
#include "diffusion/wavelet_correction.h"
#include "golden/runner.h"

namespace ams::golden {
namespace {

LatentShape item_shape(const FloatArray& latents) {
  const size_t rank = latents.shape.size();
  return {latents.dim(rank - 3), latents.dim(rank - 2), latents.dim(rank - 1)};
}

// A result in the shape of the recorded tensor.
void check_values(Comparison& comparison,
                  const GoldenCase& golden,
                  const std::string& name,
                  std::span<const float> values) {
  comparison.check(name, FloatArray(golden.shape(name), {values.begin(), values.end()}));
}

void run_apg(const GoldenCase& golden, Comparison& comparison) {
  const FloatArray conditional = golden.floats("in.cond");
  const FloatArray unconditional = golden.floats("in.uncond");
  const LatentShape shape = item_shape(conditional);
  const double scale = golden.params().at("scale").as_double();
  std::vector<float> guided(shape.size());
  AdaptiveProjectedGuidance apg(shape, scale);
  for (int64_t step = 0; step < conditional.dim(0); ++step) {
    apg.guide({{}, 1.0f, conditional.row(step), unconditional.row(step)}, guided);
    check_values(comparison, golden, str("out.guided.", step), guided);
    check_values(comparison, golden, str("out.momentum.", step), apg.momentum());
  }
  AdaptiveProjectedGuidance without_momentum(shape, scale, {.momentum = 0.0});
  without_momentum.guide({{}, 1.0f, conditional.row(0), unconditional.row(0)}, guided);
  check_values(comparison, golden, "out.no_momentum", guided);
  // This variant was recorded with scale 3 and no limit of the norm.
  AdaptiveProjectedGuidance half_parallel(
      shape, 3.0, {.momentum = 0.0, .norm_threshold = 0.0, .eta = 0.5});
  half_parallel.guide({{}, 1.0f, conditional.row(0), unconditional.row(0)}, guided);
  check_values(comparison, golden, "out.eta_half", guided);
}

void run_adg(const GoldenCase& golden, Comparison& comparison) {
  const FloatArray x = golden.floats("in.xt");
  const FloatArray conditional = golden.floats("in.cond");
  const FloatArray unconditional = golden.floats("in.uncond");
  const LatentShape shape = item_shape(x);
  const double scale = golden.params().at("scale").as_double();
  const auto t = static_cast<float>(golden.params().at("t").as_double());
  struct Variant {
    const char* name;
    double scale;
    float t;
    const FloatArray* null;
    AngleOptions options;
  };
  const Variant variants[] = {
      {"out.t07", scale, t, &unconditional, {}},
      {"out.t1", scale, 1.0f, &unconditional, {}},
      {"out.scale_below_1", 0.5, t, &unconditional, {}},
      {"out.equal_inputs", scale, t, &conditional, {}},
      {"out.with_norm", scale, t, &unconditional, {.angle_limit = 3.14 / 3, .keeps_norm = true}},
      {"out.without_clip", scale, t, &unconditional, {.angle_limit = {}}},
  };
  std::vector<float> guided(shape.size());
  for (const Variant& variant : variants) {
    AngleGuidance adg(shape, variant.scale, variant.options);
    adg.guide({x.data, variant.t, conditional.data, variant.null->data}, guided);
    check_values(comparison, golden, variant.name, guided);
  }
  plain_guidance(conditional.data, unconditional.data, scale, guided);
  check_values(comparison, golden, "out.cfg", guided);
}

std::smatch match_name(const std::string& name, const std::regex& pattern) {
  std::smatch match;
  if (!std::regex_match(name, match, pattern)) {
    throw Error(ErrorCode::Unsupported, str("golden: nobody knows the output '", name, "'"));
  }
  return match;
}

void run_timesteps(const GoldenCase& golden, Comparison& comparison) {
  static const std::regex kPattern("out\\.steps([0-9]+)_shift([0-9]+)(?:_([0-9]+))?");
  for (const std::string& name : golden.tensor_names("out.")) {
    const std::smatch match = match_name(name, kPattern);
    ScheduleOptions options;
    options.steps = std::stoll(match[1]);
    options.shift = std::stod(match[2].str() + "." + match[3].str() + "0");
    check_values(comparison, golden, name, make_schedule(options).noise_levels);
  }
}

void run_wavelets(const GoldenCase& golden, Comparison& comparison) {
  static const std::regex kPattern("out\\.(even|odd)\\.(low|high|double|pix)(?:_([a-z0-9]+))?");
  const auto t = static_cast<float>(golden.params().at("t").as_double());
  for (const std::string& name : golden.tensor_names("out.")) {
    const std::smatch match = match_name(name, kPattern);
    CorrectionOptions options;
    options.mode = find_correction_mode(match[2].str());
    options.scale = golden.params().at("scaler").as_double();
    options.high_scale = golden.params().at("high_scaler").as_double();
    if (match[3].matched) options.wavelet = match[3].str();
    FloatArray latents = golden.floats("in." + match[1].str() + "_x");
    FloatArray clean = golden.floats("in." + match[1].str() + "_denoised");
    WaveletCorrection(item_shape(latents), options).correct(latents.data, clean.data, t);
    comparison.check(name, latents);
  }
}

void run_repaint_helpers(const GoldenCase& golden, Comparison& comparison) {
  constexpr float kLevel = 0.3f;  // of the recorded injection
  const FloatArray x = golden.floats("in.xt");
  const FloatArray source = golden.floats("in.src");
  const std::vector<int64_t> wide = golden.integers("in.mask");
  const std::vector<uint8_t> mask(wide.begin(), wide.end());
  FloatArray latents = x;
  inject_source(
      item_shape(x), mask, golden.floats("in.noise").data, source.data, kLevel, latents.data);
  comparison.check("out.inject", latents);
  constexpr std::string_view kPrefix = "out.blend_";
  for (const std::string& name : golden.tensor_names(kPrefix)) {
    latents = x;
    const int64_t frames = std::stoll(name.substr(kPrefix.size()));
    blend_source(item_shape(x), mask, source.data, frames, latents.data);
    comparison.check(name, latents);
  }
}

// The recorded excerpt: the first 192 values, 64 from the middle, the last 64.
std::vector<float> noise_excerpt(const FloatArray& noise) {
  const std::vector<float>& values = noise.data;
  std::vector<float> excerpt(values.begin(), values.begin() + 192);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  excerpt.insert(excerpt.end(), middle, middle + 64);
  excerpt.insert(excerpt.end(), values.end() - 64, values.end());
  return excerpt;
}

void run_seed_noise(const GoldenCase& golden, Comparison& comparison) {
  static const std::regex kPattern(
      "out\\.(cpu|cuda)\\.(float32|bfloat16)\\.seed([0-9]+)\\.frames([0-9]+)");
  constexpr int64_t kChannels = 64;  // of the recorded draws, whatever the checkpoint has
  for (const std::string& name : golden.tensor_names("out.")) {
    const std::smatch match = match_name(name, kPattern);
    const LatentShape shape{1, std::stoll(match[4]), kChannels};
    const std::vector<uint64_t> seeds{std::stoull(match[3])};
    const auto recipe = match[1] == "cuda" ? NoiseRecipe::TorchCuda : NoiseRecipe::TorchCpu;
    const auto precision =
        match[2] == "float32" ? NoisePrecision::Float32 : NoisePrecision::BFloat16;
    check_values(
        comparison, golden, name, noise_excerpt(initial_noise(shape, seeds, recipe, precision)));
  }
}

}  // namespace

void run_sampler(const RunContext& /*context*/, const GoldenCase& golden, Comparison& comparison) {
  struct Part {
    std::string_view name;
    void (*run)(const GoldenCase&, Comparison&);
  };
  constexpr Part kParts[] = {
      {"sampler/apg", run_apg},
      {"sampler/adg", run_adg},
      {"sampler/timesteps", run_timesteps},
      {"sampler/dcw", run_wavelets},
      {"sampler/repaint_helpers", run_repaint_helpers},
      {"sampler/seed_noise", run_seed_noise},
  };
  for (const Part& part : kParts) {
    if (golden.name() == part.name) return part.run(golden, comparison);
  }
  throw Error(ErrorCode::Unsupported, str("golden: nobody knows the case ", golden.name()));
}

}  // namespace ams::golden
