// Replays every recorded sampling loop: call k of the network returns the recorded velocity, and
// what the sampler asks for must be the recorded latents and noise level.
#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "diffusion/flow_edit.h"
#include "diffusion/noise.h"
#include "diffusion/sampler.h"
#include "unit/diffusion/golden_case.h"

namespace ams {
namespace {

constexpr double kTolerance = 1e-5;  // relative L2; float32 on both sides

// Stands for the network: hands out recorded velocities and checks the questions.
class RecordedNetwork {
 public:
  RecordedNetwork(const GoldenCase& recorded, const GuidanceOptions& guidance)
      : x_(recorded.at("mid.x")),
        v_(recorded.at("mid.v")),
        t_(recorded.at("mid.t")),
        guidance_(guidance) {}

  void answer(std::span<const float> latents,
              float t,
              std::span<float> conditional,
              std::span<float> unconditional) {
    ASSERT_LT(calls_, t_.size()) << "more calls than recorded";
    SCOPED_TRACE(testing::Message() << "call " << calls_);
    const std::span<const float> x = x_.row(calls_);
    const std::span<const float> v = v_.row(calls_);
    EXPECT_NEAR(t, t_.data[static_cast<size_t>(calls_)], 1e-6);
    EXPECT_LE(relative_difference(latents, x.first(latents.size())), kTolerance);
    const bool is_guided = guidance_.scale > 1.0 && is_guided_at(guidance_, t);
    EXPECT_EQ(unconditional.empty(), !is_guided);
    std::copy_n(v.begin(), conditional.size(), conditional.begin());
    std::copy_n(v.begin() + static_cast<std::ptrdiff_t>(conditional.size()),
                unconditional.size(),
                unconditional.begin());
    ++calls_;
  }

  VelocityFunction function() {
    return [this](auto latents, float t, auto conditional, auto unconditional) {
      answer(latents, t, conditional, unconditional);
    };
  }
  int64_t calls() const { return calls_; }
  int64_t recorded_calls() const { return t_.size(); }

 private:
  FloatArray x_, v_, t_;
  GuidanceOptions guidance_;
  int64_t calls_ = 0;
};

// Hands out the rows of a recorded array in order.
NoiseSource recorded_noise(const GoldenCase& recorded, const std::string& name) {
  if (!recorded.floats.contains(name)) return {};
  return [noise = recorded.at(name), draw = int64_t{0}](std::span<float> out) mutable {
    ASSERT_LT(draw, noise.dim(0)) << "more noise drawn than recorded";
    const std::span<const float> row = noise.row(draw++);
    std::copy(row.begin(), row.end(), out.begin());
  };
}

LatentShape shape_of(const FloatArray& latents) {
  return {latents.dim(0), latents.dim(1), latents.dim(2)};
}

ScheduleOptions schedule_options(const GoldenCase& recorded) {
  ScheduleOptions options;
  if (recorded.params.contains("infer_steps")) {
    options.steps = recorded.params.at("infer_steps").as_int();
  }
  options.shift = recorded.params.get("shift", 1.0);
  if (recorded.floats.contains("in.timesteps")) {
    options.timesteps = recorded.at("in.timesteps").data;
  }
  return options;
}

GuidanceOptions guidance_options(const Json& params) {
  return {.method = params.get("use_adg", false) ? "adg" : "apg",
          .scale = params.get("diffusion_guidance_scale", 7.0),
          .interval_start = params.get("cfg_interval_start", 0.0),
          .interval_end = params.get("cfg_interval_end", 1.0)};
}

VelocityLimits velocity_limits(const Json& params) {
  return {.norm_threshold = params.get("velocity_norm_threshold", 0.0),
          .average_factor = params.get("velocity_ema_factor", 0.0)};
}

SampleOptions sample_options(const GoldenCase& recorded) {
  const Json& params = recorded.params;
  SampleOptions options;
  options.schedule = schedule_options(recorded);
  options.guidance = guidance_options(params);
  options.limits = velocity_limits(params);
  if (params.get("sampler_mode", "euler") == "heun") options.solver = "heun";
  if (params.get("infer_method", "ode") == "sde") options.solver = "sde";
  if (params.get("dcw_enabled", true)) {
    options.correction =
        CorrectionOptions{.mode = find_correction_mode(params.get("dcw_mode", "double")),
                          .scale = params.get("dcw_scaler", 0.05),
                          .high_scale = params.get("dcw_high_scaler", 0.02),
                          .wavelet = params.get("dcw_wavelet", "haar")};
  }
  options.cover_strength = params.get("audio_cover_strength", 1.0);
  options.cover_noise_strength = params.get("cover_noise_strength", 0.0);
  return options;
}

class LoopGolden : public testing::TestWithParam<std::string> {};

void replay_sampling(const GoldenCase& recorded) {
  const SampleOptions options = sample_options(recorded);
  RecordedNetwork network(recorded, options.guidance);
  FloatArray noise = recorded.at("in.noise");
  if (recorded.floats.contains("in.retake_noise")) {
    mix_retake_noise(noise.data,
                     recorded.at("in.retake_noise").data,
                     recorded.params.at("retake_variance").as_double());
  }
  SampleInputs inputs{.shape = shape_of(noise),
                      .noise = noise.data,
                      .cover_source = recorded.at("in.src_latents").data};
  if (recorded.bytes.contains("in.repaint_mask")) {
    inputs.repaint =
        RepaintRegion{.clean = recorded.at("in.clean_src_latents").data,
                      .mask = recorded.bytes.at("in.repaint_mask"),
                      .injection_ratio = recorded.params.at("repaint_injection_ratio").as_double(),
                      .crossfade_frames = recorded.params.at("repaint_crossfade_frames").as_int()};
  }
  int64_t main_calls = 0;
  const SampleCallbacks callbacks{
      .velocity =
          [&](auto latents, float t, auto conditional, auto unconditional) {
            ++main_calls;
            network.answer(latents, t, conditional, unconditional);
          },
      .non_cover_velocity = network.function(),
      .fresh_noise = recorded_noise(recorded, "in.sde_noise")};
  const FloatArray latents = sample(options, inputs, callbacks);
  EXPECT_EQ(network.calls(), network.recorded_calls());
  EXPECT_LE(relative_difference(latents.data, recorded.at("out.latents").data), kTolerance);
  if (options.solver != "heun") {  // one call a step
    const auto steps = static_cast<double>(network.calls());
    EXPECT_EQ(main_calls, static_cast<int64_t>(steps * options.cover_strength));
  }
}

void replay_flow_edit(const GoldenCase& recorded) {
  const Json& params = recorded.params;
  FlowEditOptions options;
  options.schedule = schedule_options(recorded);
  options.guidance = guidance_options(params);
  options.limits = velocity_limits(params);
  options.window_start = params.at("edit_n_min").as_double();
  options.window_end = params.at("edit_n_max").as_double();
  options.draws_per_step = params.at("edit_n_avg").as_int();
  RecordedNetwork network(recorded, options.guidance);
  const FloatArray& source = recorded.at("in.src_latents");
  const FloatArray latents = flow_edit(options,
                                       {.shape = shape_of(source), .source = source.data},
                                       {.source_velocity = network.function(),
                                        .target_velocity = network.function(),
                                        .fresh_noise = recorded_noise(recorded, "in.fwd_noise")});
  EXPECT_EQ(network.calls(), network.recorded_calls());
  EXPECT_LE(relative_difference(latents.data, recorded.at("out.latents").data), kTolerance);
}

TEST_P(LoopGolden, replays_the_reference) {
  const GoldenCase recorded = load_golden_case(GetParam());
  if (recorded.params.contains("edit_n_avg")) {
    replay_flow_edit(recorded);
  } else {
    replay_sampling(recorded);
  }
}

INSTANTIATE_TEST_SUITE_P(Recorded,
                         LoopGolden,
                         testing::ValuesIn(golden_cases("loop/")),
                         [](const auto& test) {
                           std::string name = test.param.substr(5);
                           std::replace(name.begin(), name.end(), '/', '_');
                           return name;
                         });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LoopGolden);

}  // namespace
}  // namespace ams
