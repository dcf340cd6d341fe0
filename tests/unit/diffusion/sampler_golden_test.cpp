// The parts of sampling against recorded values of the reference (golden group "sampler").
#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "diffusion/adg.h"
#include "diffusion/apg.h"
#include "diffusion/bfloat16.h"
#include "diffusion/noise.h"
#include "diffusion/plain_guidance.h"
#include "diffusion/repaint.h"
#include "diffusion/schedule.h"
#include "diffusion/wavelet_correction.h"
#include "unit/diffusion/golden_case.h"

namespace ams {
namespace {

constexpr double kTolerance = 1e-5;  // the smallest recorded bound of float32 values near 3

class SamplerGolden : public testing::Test {
 protected:
  // False, and the test is skipped, on a machine without the case.
  bool load(const std::string& name) {
    const std::vector<std::string> names = golden_cases(name);
    if (std::find(names.begin(), names.end(), name) == names.end()) return false;
    recorded_ = load_golden_case(name);
    return true;
  }
  void expect_near(std::span<const float> actual, const std::string& name) {
    EXPECT_LE(max_difference(actual, recorded_.at(name).data), kTolerance) << name;
  }

  GoldenCase recorded_;
};

LatentShape item_shape(const FloatArray& latents) {
  const size_t rank = latents.shape.size();
  return {latents.dim(rank - 3), latents.dim(rank - 2), latents.dim(rank - 1)};
}

TEST_F(SamplerGolden, apg) {
  if (!load("sampler/apg")) GTEST_SKIP() << "no golden data";
  const FloatArray& conditional = recorded_.at("in.cond");
  const FloatArray& unconditional = recorded_.at("in.uncond");
  const LatentShape shape = item_shape(conditional);
  const double scale = recorded_.params.at("scale").as_double();
  std::vector<float> guided(shape.size());
  AdaptiveProjectedGuidance apg(shape, scale);
  for (int64_t step = 0; step < conditional.dim(0); ++step) {
    apg.guide({{}, 1.0f, conditional.row(step), unconditional.row(step)}, guided);
    expect_near(guided, "out.guided." + std::to_string(step));
    expect_near(apg.momentum(), "out.momentum." + std::to_string(step));
  }
  AdaptiveProjectedGuidance without_momentum(shape, scale, {.momentum = 0.0});
  without_momentum.guide({{}, 1.0f, conditional.row(0), unconditional.row(0)}, guided);
  expect_near(guided, "out.no_momentum");
  // The recording of this variant has scale 3 and no limit of the norm.
  AdaptiveProjectedGuidance half_parallel(
      shape, 3.0, {.momentum = 0.0, .norm_threshold = 0.0, .eta = 0.5});
  half_parallel.guide({{}, 1.0f, conditional.row(0), unconditional.row(0)}, guided);
  expect_near(guided, "out.eta_half");
}

TEST_F(SamplerGolden, adg_and_plain_guidance) {
  if (!load("sampler/adg")) GTEST_SKIP() << "no golden data";
  const FloatArray& x = recorded_.at("in.xt");
  const FloatArray& conditional = recorded_.at("in.cond");
  const FloatArray& unconditional = recorded_.at("in.uncond");
  const LatentShape shape = item_shape(x);
  const double scale = recorded_.params.at("scale").as_double();
  const auto t = static_cast<float>(recorded_.params.at("t").as_double());
  const auto expect = [&](const std::string& name,
                          double guidance_scale,
                          float level,
                          const FloatArray& null,
                          const AngleOptions& options) {
    std::vector<float> guided(shape.size());
    AngleGuidance adg(shape, guidance_scale, options);
    adg.guide({x.data, level, conditional.data, null.data}, guided);
    expect_near(guided, name);
  };
  expect("out.t07", scale, t, unconditional, {});
  expect("out.t1", scale, 1.0f, unconditional, {});
  expect("out.scale_below_1", 0.5, t, unconditional, {});
  expect("out.equal_inputs", scale, t, conditional, {});
  expect("out.with_norm", scale, t, unconditional, {.angle_limit = 3.14 / 3, .keeps_norm = true});
  expect("out.without_clip", scale, t, unconditional, {.angle_limit = {}});
  std::vector<float> guided(shape.size());
  plain_guidance(conditional.data, unconditional.data, scale, guided);
  expect_near(guided, "out.cfg");
}

TEST_F(SamplerGolden, timesteps) {
  if (!load("sampler/timesteps")) GTEST_SKIP() << "no golden data";
  int64_t checked = 0;
  for (const auto& [name, expected] : recorded_.floats) {
    // "out.steps30_shift2_5"
    const size_t steps = name.find("steps"), shift = name.find("_shift");
    ASSERT_NE(shift, std::string::npos) << name;
    std::string shift_text = name.substr(shift + 6);
    std::replace(shift_text.begin(), shift_text.end(), '_', '.');
    ScheduleOptions options;
    options.steps = std::stoll(name.substr(steps + 5));
    options.shift = std::stod(shift_text);
    EXPECT_EQ(make_schedule(options).noise_levels, expected.data) << name;
    ++checked;
  }
  EXPECT_GE(checked, 7);
}

TEST_F(SamplerGolden, wavelet_correction) {
  if (!load("sampler/dcw")) GTEST_SKIP() << "no golden data";
  const auto t = static_cast<float>(recorded_.params.at("t").as_double());
  for (const std::string length : {"even", "odd"}) {
    const FloatArray& x = recorded_.at("in." + length + "_x");
    for (const std::string mode : {"low", "high", "double", "pix", "double_db4"}) {
      CorrectionOptions options{.mode = find_correction_mode(mode.substr(0, mode.find('_'))),
                                .scale = recorded_.params.at("scaler").as_double(),
                                .high_scale = recorded_.params.at("high_scaler").as_double()};
      if (mode.ends_with("db4")) options.wavelet = "db4";
      std::vector<float> corrected = x.data;
      std::vector<float> clean = recorded_.at("in." + length + "_denoised").data;
      WaveletCorrection(item_shape(x), options).correct(corrected, clean, t);
      expect_near(corrected, "out." + length + "." + mode);
    }
  }
}

TEST_F(SamplerGolden, repaint) {
  if (!load("sampler/repaint_helpers")) GTEST_SKIP() << "no golden data";
  const FloatArray& x = recorded_.at("in.xt");
  const FloatArray& source = recorded_.at("in.src");
  const std::vector<uint8_t>& mask = recorded_.bytes.at("in.mask");
  std::vector<float> latents = x.data;
  inject_source(item_shape(x), mask, recorded_.at("in.noise").data, source.data, 0.3f, latents);
  expect_near(latents, "out.inject");
  for (const int64_t frames : {0, 4, 25}) {
    latents = x.data;
    blend_source(item_shape(x), mask, source.data, frames, latents);
    expect_near(latents, "out.blend_" + std::to_string(frames));
  }
}

// Sine, cosine and logarithm differ from the recording machine's by this much at most; the CUDA
// ones are hardware approximations.
constexpr float kNoiseTolerance = 2e-6f;

// The recorded excerpt: the first 192 values, 64 from the middle, the last 64.
std::vector<float> noise_excerpt(const FloatArray& noise) {
  const std::vector<float>& values = noise.data;
  std::vector<float> excerpt(values.begin(), values.begin() + 192);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  excerpt.insert(excerpt.end(), middle, middle + 64);
  excerpt.insert(excerpt.end(), values.end() - 64, values.end());
  return excerpt;
}

// Each expected value is the rounding of a value within the tolerance of the float32 one.
bool rounds_to(const std::vector<float>& exact, const std::vector<float>& expected) {
  for (size_t i = 0; i < exact.size(); ++i) {
    if (expected[i] < round_to_bfloat16(exact[i] - kNoiseTolerance)) return false;
    if (expected[i] > round_to_bfloat16(exact[i] + kNoiseTolerance)) return false;
  }
  return exact.size() == expected.size();
}

TEST_F(SamplerGolden, seeded_noise) {
  if (!load("sampler/seed_noise")) GTEST_SKIP() << "no golden data";
  int64_t checked = 0;
  for (const auto& [name, expected] : recorded_.floats) {
    // "out.cuda.float32.seed42.frames1500"
    std::istringstream text(name);
    std::vector<std::string> parts;
    for (std::string part; std::getline(text, part, '.');) parts.push_back(part);
    ASSERT_EQ(parts.size(), 5u) << name;
    const std::vector<uint64_t> seeds{std::stoull(parts[3].substr(4))};
    const LatentShape shape{1, std::stoll(parts[4].substr(6)), 64};
    const bool is_cuda = parts[1] == "cuda";
    const auto recipe = is_cuda ? NoiseRecipe::TorchCuda : NoiseRecipe::TorchCpu;
    const auto float32 = noise_excerpt(initial_noise(shape, seeds, recipe));
    const auto bfloat16 =
        noise_excerpt(initial_noise(shape, seeds, recipe, NoisePrecision::BFloat16));
    if (parts[2] == "float32") {
      EXPECT_LE(max_difference(float32, expected.data), kNoiseTolerance) << name;
    } else if (is_cuda) {
      EXPECT_TRUE(rounds_to(float32, expected.data)) << name;
      EXPECT_TRUE(rounds_to(float32, bfloat16)) << name;
    } else {
      EXPECT_EQ(bfloat16, expected.data) << name;
    }
    ++checked;
  }
  EXPECT_GE(checked, 36);
}

}  // namespace
}  // namespace ams
