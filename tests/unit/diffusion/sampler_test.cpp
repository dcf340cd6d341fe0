#include "diffusion/sampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/philox.h"
#include "diffusion/flow_edit.h"
#include "diffusion/noise.h"
#include "diffusion/solver.h"

namespace ams {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

constexpr LatentShape kShape{.batch = 2, .frames = 12, .channels = 4};

std::vector<float> random_latents(uint64_t seed) {
  std::vector<float> values(kShape.size());
  PhiloxStream(seed, RandomPurpose::Noise).fill_normal(values);
  return values;
}

// A network that knows the clean latents: v = (x - clean) / t, at t = 0 the noise is unknown.
VelocityFunction towards(const std::vector<float>& clean) {
  return [clean](auto latents, float t, auto conditional, auto unconditional) {
    for (size_t i = 0; i < latents.size(); ++i) {
      conditional[i] = t > 0.0f ? (latents[i] - clean[i]) / t : 0.0f;
      if (!unconditional.empty()) unconditional[i] = conditional[i];
    }
  };
}

// A network whose velocity depends on latents and noise level in a smooth way.
void smooth_velocity(std::span<const float> latents,
                     float t,
                     std::span<float> conditional,
                     std::span<float> unconditional) {
  for (size_t i = 0; i < latents.size(); ++i) {
    conditional[i] = 0.5f * latents[i] + t;
    if (!unconditional.empty()) unconditional[i] = 0.4f * latents[i];
  }
}

NoiseSource sde_noise(uint64_t seed) {
  return [stream = PhiloxStream(seed, RandomPurpose::Sde)](std::span<float> out) mutable {
    stream.fill_normal(out);
  };
}

SampleCallbacks callbacks_for(VelocityFunction velocity) {
  return {.velocity = std::move(velocity), .fresh_noise = sde_noise(1)};
}

SampleOptions unguided(int64_t steps) {
  SampleOptions options;
  options.schedule.steps = steps;
  options.guidance.scale = 1.0;
  return options;
}

class SamplerTest : public testing::Test {
 protected:
  SampleInputs inputs() const { return {.shape = kShape, .noise = noise_}; }

  const std::vector<float> noise_ = random_latents(1);
  const std::vector<float> clean_ = random_latents(2);
};

TEST_F(SamplerTest, every_solver_arrives_at_the_latents_that_the_network_knows) {
  std::set<std::string_view> names;
  for (const SolverInfo& info : solvers()) {
    EXPECT_TRUE(names.insert(info.name).second);
    if (info.name == "heun") continue;  // its corrector asks at t = 0, where this network is blind
    SampleOptions options = unguided(5);
    options.solver = info.name;
    options.schedule.shift = 3.0;
    // The official levels let x be noisier than the network is told, so only shift 1 is exact.
    if (info.name == "sde") options.schedule.shift = 1.0;
    const FloatArray x = sample(options, inputs(), callbacks_for(towards(clean_)));
    EXPECT_EQ(x.shape, (std::vector<int64_t>{2, 12, 4}));
    EXPECT_THAT(x.data, Pointwise(FloatNear(1e-4f), clean_)) << info.name;
  }
}

TEST_F(SamplerTest, heun_is_of_second_order) {
  // dx/dt = x has the solution x(0) = x(1) / e; the error must fall by four as steps double.
  const auto velocity = [](auto latents, float, auto conditional, auto) {
    std::copy(latents.begin(), latents.end(), conditional.begin());
  };
  const auto error = [&](const std::string& solver, int64_t steps) {
    SampleOptions options = unguided(steps);
    options.solver = solver;
    const FloatArray x = sample(options, inputs(), callbacks_for(velocity));
    return std::abs(x.data[0] / noise_[0] - std::exp(-1.0));
  };
  EXPECT_NEAR(error("heun", 8) / error("heun", 16), 4.0, 0.6);
  EXPECT_NEAR(error("euler", 8) / error("euler", 16), 2.0, 0.2);
}

TEST_F(SamplerTest, given_timesteps_equal_the_shifted_schedule_they_were_made_by) {
  SampleOptions shifted;
  shifted.schedule = {.steps = 7, .shift = 3.0};
  SampleOptions given;
  given.schedule.timesteps = make_schedule(shifted.schedule).noise_levels;
  EXPECT_EQ(sample(shifted, inputs(), callbacks_for(smooth_velocity)),
            sample(given, inputs(), callbacks_for(smooth_velocity)));
}

TEST_F(SamplerTest, items_of_a_batch_do_not_influence_each_other) {
  for (const std::string method : {"apg", "adg", "cfg"}) {
    SampleOptions options;
    options.schedule.steps = 4;
    options.guidance.method = method;
    options.limits = {.norm_threshold = 0.5, .average_factor = 0.2};
    options.correction.emplace();
    const FloatArray both = sample(options, inputs(), callbacks_for(smooth_velocity));
    const SampleInputs second{
        .shape = {.batch = 1, .frames = kShape.frames, .channels = kShape.channels},
        .noise = std::span(noise_).subspan(kShape.item_size())};
    const FloatArray alone = sample(options, second, callbacks_for(smooth_velocity));
    EXPECT_THAT(both.row(1), testing::ElementsAreArray(alone.data)) << method;
  }
}

TEST_F(SamplerTest, unconditional_half_is_asked_for_in_the_interval_only) {
  SampleOptions options;
  options.schedule.steps = 10;
  options.guidance.interval_start = 0.35;
  options.guidance.interval_end = 0.75;
  std::vector<float> guided_levels;
  int64_t calls = 0;
  SampleCallbacks callbacks = callbacks_for(smooth_velocity);
  callbacks.observe = [&](const VelocityCall& call) {
    ++calls;
    EXPECT_EQ(call.latents.size(), kShape.size());
    if (!call.unconditional.empty()) guided_levels.push_back(call.t);
  };
  sample(options, inputs(), callbacks);
  EXPECT_EQ(calls, 10);
  EXPECT_THAT(guided_levels, Pointwise(FloatNear(1e-6f), {0.7f, 0.6f, 0.5f, 0.4f}));
}

TEST_F(SamplerTest, guidance_off_never_asks_for_the_unconditional_half) {
  for (const auto& [method, scale] :
       {std::pair<std::string, double>{"none", 7.0}, {"apg", 1.0}, {"apg", 0.5}}) {
    SampleOptions options = unguided(3);
    options.guidance.method = method;
    options.guidance.scale = scale;
    SampleCallbacks callbacks = callbacks_for(smooth_velocity);
    callbacks.observe = [](const VelocityCall& call) { EXPECT_TRUE(call.unconditional.empty()); };
    sample(options, inputs(), callbacks);
  }
}

TEST_F(SamplerTest, cancel_stops_within_one_step) {
  std::stop_source stop;
  int64_t calls = 0;
  SampleCallbacks callbacks = callbacks_for(smooth_velocity);
  callbacks.observe = [&](const VelocityCall&) {
    if (++calls == 3) stop.request_stop();
  };
  try {
    sample(unguided(10), inputs(), callbacks, stop.get_token());
    FAIL() << "was not cancelled";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Cancelled);
  }
  EXPECT_EQ(calls, 3);
}

TEST_F(SamplerTest, progress_counts_every_step) {
  std::vector<std::pair<int64_t, int64_t>> reports;
  SampleCallbacks callbacks = callbacks_for(smooth_velocity);
  callbacks.progress = [&](int64_t done, int64_t total) { reports.emplace_back(done, total); };
  sample(unguided(3), inputs(), callbacks);
  EXPECT_THAT(reports, ElementsAre(std::pair(1, 3), std::pair(2, 3), std::pair(3, 3)));
}

TEST_F(SamplerTest, cover_strength_divides_the_steps) {
  for (const auto& [strength, expected] :
       {std::pair{0.0, 0}, {0.29, 2}, {0.5, 5}, {0.99, 9}, {1.0, 10}}) {
    SampleOptions options = unguided(10);
    options.cover_strength = strength;
    int main_calls = 0, other_calls = 0;
    SampleCallbacks callbacks = callbacks_for([&](auto x, float t, auto v, auto u) {
      EXPECT_EQ(other_calls, 0) << "the conditions switch back";
      ++main_calls;
      smooth_velocity(x, t, v, u);
    });
    callbacks.non_cover_velocity = [&](auto x, float t, auto v, auto u) {
      ++other_calls;
      smooth_velocity(x, t, v, u);
    };
    sample(options, inputs(), callbacks);
    EXPECT_EQ(main_calls, expected) << strength;
    EXPECT_EQ(other_calls, 10 - expected) << strength;
  }
}

TEST_F(SamplerTest, cover_noise_strength_skips_the_noisy_steps) {
  for (const auto& [strength, expected] : {std::pair{0.0, 10}, {0.1, 9}, {0.5, 5}, {1.0, 1}}) {
    SampleOptions options = unguided(10);
    options.cover_noise_strength = strength;
    SampleInputs with_source = inputs();
    with_source.cover_source = clean_;
    std::vector<float> seen_levels;
    SampleCallbacks callbacks = callbacks_for(smooth_velocity);
    callbacks.observe = [&](const VelocityCall& call) {
      if (seen_levels.empty()) {
        EXPECT_NEAR(call.latents[0], call.t * noise_[0] + (1 - call.t) * clean_[0], 1e-6);
      }
      seen_levels.push_back(call.t);
    };
    sample(options, with_source, callbacks);
    EXPECT_EQ(seen_levels.size(), static_cast<size_t>(expected)) << strength;
  }
}

TEST_F(SamplerTest, turbo_jumps_to_clean_without_corrector_and_injection) {
  SampleOptions options = unguided(4);
  options.schedule.name = "turbo";
  options.solver = "heun";
  const std::vector<uint8_t> mask(static_cast<size_t>(kShape.batch * kShape.frames), 0);
  SampleInputs repainted = inputs();
  repainted.repaint =
      RepaintRegion{.clean = clean_, .mask = mask, .injection_ratio = 1.0, .crossfade_frames = 0};
  int64_t calls = 0;
  SampleCallbacks callbacks =
      callbacks_for([](auto, float, auto v, auto) { std::fill(v.begin(), v.end(), 1.0f); });
  callbacks.observe = [&](const VelocityCall& call) {
    ++calls;
    EXPECT_GT(call.t, 0.0f);
  };
  const FloatArray x = sample(options, repainted, callbacks);
  EXPECT_EQ(calls, 7);  // two calls in each of three steps, one in the jump
  // Injected last at t = 0.25, then moved by the jump.
  EXPECT_NEAR(x.data[0], 0.25f * noise_[0] + 0.75f * clean_[0] - 0.25f, 1e-5);
}

TEST_F(SamplerTest, repaint_with_full_injection_keeps_the_source_outside_the_zone) {
  std::vector<uint8_t> mask(static_cast<size_t>(kShape.batch * kShape.frames), 0);
  mask[5] = mask[6] = 1;  // the second item keeps everything
  SampleInputs repainted = inputs();
  repainted.repaint =
      RepaintRegion{.clean = clean_, .mask = mask, .injection_ratio = 1.0, .crossfade_frames = 0};
  const FloatArray x = sample(unguided(4), repainted, callbacks_for(smooth_velocity));
  for (size_t i = 0; i < x.data.size(); ++i) {
    if (mask[i / 4] == 0) {
      EXPECT_EQ(x.data[i], clean_[i]);
    } else {
      EXPECT_NE(x.data[i], clean_[i]);
    }
  }
}

TEST_F(SamplerTest, sde_replays_with_the_seed_of_its_noise) {
  SampleOptions options = unguided(4);
  options.solver = "sde_schedule";
  SampleCallbacks callbacks = callbacks_for(smooth_velocity);
  const auto run = [&](uint64_t seed) {
    callbacks.fresh_noise = sde_noise(seed);
    return sample(options, inputs(), callbacks);
  };
  const FloatArray first = run(5);
  EXPECT_EQ(first, run(5));
  EXPECT_NE(first, run(6));
}

TEST_F(SamplerTest, sde_renoises_to_the_level_of_its_rule) {
  SampleOptions options = unguided(4);
  options.schedule.shift = 3.0;
  SampleCallbacks callbacks = callbacks_for(towards(clean_));
  callbacks.fresh_noise = [](std::span<float> out) { std::fill(out.begin(), out.end(), 2.0f); };
  for (const auto& [solver, level] : {std::pair{"sde", 0.75f}, {"sde_schedule", 0.9f}}) {
    options.solver = solver;
    int64_t calls = 0;
    callbacks.observe = [&, expected = level](const VelocityCall& call) {
      if (++calls != 2) return;
      EXPECT_NEAR(call.latents[0], expected * 2.0f + (1 - expected) * clean_[0], 1e-4);
    };
    sample(options, inputs(), callbacks);
  }
}

TEST_F(SamplerTest, wavelet_correction_does_nothing_in_the_last_euler_step) {
  SampleOptions options = unguided(1);
  const FloatArray plain = sample(options, inputs(), callbacks_for(smooth_velocity));
  options.correction = CorrectionOptions{.scale = 0.5, .high_scale = 0.5};
  EXPECT_EQ(plain, sample(options, inputs(), callbacks_for(smooth_velocity)));
  options.schedule.steps = 2;
  const FloatArray corrected = sample(options, inputs(), callbacks_for(smooth_velocity));
  EXPECT_NE(corrected, sample(unguided(2), inputs(), callbacks_for(smooth_velocity)));
}

TEST_F(SamplerTest, requests_that_do_not_fit_together_are_refused) {
  const SampleCallbacks callbacks = callbacks_for(smooth_velocity);
  const auto refuses =
      [](const SampleOptions& options, const SampleInputs& inputs, const SampleCallbacks& wrong) {
        try {
          sample(options, inputs, wrong);
        } catch (const Error& error) {
          return error.code() == ErrorCode::InvalidRequest;
        }
        return false;
      };
  const SampleOptions options = unguided(2);
  SampleInputs short_noise = inputs();
  short_noise.noise = short_noise.noise.subspan(1);
  EXPECT_TRUE(refuses(options, short_noise, callbacks));
  EXPECT_TRUE(refuses(options, inputs(), {}));

  SampleOptions corrected = options;
  corrected.correction = CorrectionOptions{.wavelet = "db99"};
  EXPECT_TRUE(refuses(corrected, inputs(), callbacks));
  EXPECT_TRUE(refuses(SampleOptions{}, inputs(), callbacks)) << "without steps";

  SampleOptions cover = options;
  cover.cover_strength = 0.5;
  EXPECT_TRUE(refuses(cover, inputs(), callbacks)) << "without non-cover conditions";
  cover.cover_strength = 1.5;
  EXPECT_TRUE(refuses(cover, inputs(), callbacks));
  SampleOptions cover_noise = options;
  cover_noise.cover_noise_strength = 0.5;
  EXPECT_TRUE(refuses(cover_noise, inputs(), callbacks)) << "without source";

  SampleOptions sde = options;
  sde.solver = "sde";
  SampleCallbacks without_noise = callbacks;
  without_noise.fresh_noise = {};
  EXPECT_TRUE(refuses(sde, inputs(), without_noise));
  sde.solver = "midpoint";
  EXPECT_TRUE(refuses(sde, inputs(), callbacks));

  const std::vector<uint8_t> short_mask(3, 1);
  SampleInputs repainted = inputs();
  repainted.repaint = RepaintRegion{.clean = clean_, .mask = short_mask};
  EXPECT_TRUE(refuses(options, repainted, callbacks));
}

TEST_F(SamplerTest, result_that_is_not_finite_is_an_error) {
  const auto broken = [](auto, float, auto v, auto) {
    std::fill(v.begin(), v.end(), std::numeric_limits<float>::quiet_NaN());
  };
  EXPECT_THROW(sample(unguided(2), inputs(), callbacks_for(broken)), Error);
}

class FlowEditTest : public SamplerTest {
 protected:
  FlowEditCallbacks edit_callbacks(VelocityFunction source, VelocityFunction target) const {
    return {.source_velocity = std::move(source),
            .target_velocity = std::move(target),
            .fresh_noise = sde_noise(3)};
  }
  FlowEditInputs edit_inputs() const { return {.shape = kShape, .source = clean_}; }
};

TEST_F(FlowEditTest, same_prompt_on_both_sides_returns_the_clip) {
  // A velocity that depends on the level alone is the same for both branches.
  const auto same = [](auto, float t, auto v, auto u) {
    std::fill(v.begin(), v.end(), t);
    std::fill(u.begin(), u.end(), 0.0f);
  };
  FlowEditOptions options;
  options.schedule.steps = 5;
  options.draws_per_step = 2;
  const FloatArray z = flow_edit(options, edit_inputs(), edit_callbacks(same, same));
  EXPECT_THAT(z.data, Pointwise(FloatNear(1e-6f), clean_));
}

TEST_F(FlowEditTest, moves_the_clip_by_the_difference_of_the_prompts) {
  const auto source = [](auto, float, auto v, auto) { std::fill(v.begin(), v.end(), 1.0f); };
  const auto target = [](auto, float, auto v, auto) { std::fill(v.begin(), v.end(), 1.5f); };
  FlowEditOptions options;
  options.schedule.steps = 4;
  options.guidance.scale = 1.0;
  const FloatArray z = flow_edit(options, edit_inputs(), edit_callbacks(source, target));
  for (size_t i = 0; i < clean_.size(); ++i) EXPECT_NEAR(z.data[i], clean_[i] - 0.5f, 1e-5);
}

TEST_F(FlowEditTest, window_decides_calls_and_draws) {
  FlowEditOptions options;
  options.schedule.steps = 10;
  options.window_start = 0.2;
  options.window_end = 0.5;
  options.draws_per_step = 3;
  int64_t source_calls = 0, target_calls = 0, draws = 0;
  const auto counting = [](int64_t& calls) {
    return [&calls](auto x, float t, auto v, auto u) {
      ++calls;
      smooth_velocity(x, t, v, u);
    };
  };
  FlowEditCallbacks callbacks = edit_callbacks(counting(source_calls), counting(target_calls));
  callbacks.fresh_noise = [&](std::span<float> out) {
    ++draws;
    std::fill(out.begin(), out.end(), 0.5f);
  };
  flow_edit(options, edit_inputs(), callbacks);
  EXPECT_EQ(source_calls, 3 * 3);
  EXPECT_EQ(target_calls, 3 * 3 + 5);
  EXPECT_EQ(draws, 3 * 3 + 1);
}

TEST_F(FlowEditTest, window_that_starts_at_the_end_keeps_the_clip) {
  FlowEditOptions options;
  options.schedule.steps = 4;
  options.window_start = options.window_end = 1.0;
  const FloatArray z =
      flow_edit(options, edit_inputs(), edit_callbacks(smooth_velocity, smooth_velocity));
  EXPECT_EQ(z.data, clean_);
}

TEST_F(FlowEditTest, cancel_stops_within_one_step) {
  std::stop_source stop;
  int64_t calls = 0;
  FlowEditCallbacks callbacks = edit_callbacks(smooth_velocity, smooth_velocity);
  callbacks.observe = [&](const VelocityCall&) {
    ++calls;
    stop.request_stop();
  };
  FlowEditOptions options;
  options.schedule.steps = 4;
  EXPECT_THROW(flow_edit(options, edit_inputs(), callbacks, stop.get_token()), Error);
  EXPECT_EQ(calls, 2);
}

TEST_F(FlowEditTest, wrong_requests_are_refused) {
  const FlowEditCallbacks callbacks = edit_callbacks(smooth_velocity, smooth_velocity);
  const FlowEditOptions options{.schedule = {.steps = 4}};
  EXPECT_NO_THROW(validate(options));
  EXPECT_THROW(flow_edit(options, {.shape = kShape, .source = {}}, callbacks), Error);
  EXPECT_THROW(flow_edit(options, edit_inputs(), {}), Error);
  FlowEditOptions wrong = options;
  wrong.window_start = 0.6;
  wrong.window_end = 0.5;
  EXPECT_THROW(validate(wrong), Error);
  wrong = options;
  wrong.draws_per_step = 0;
  EXPECT_THROW(validate(wrong), Error);
  wrong = options;
  wrong.guidance.method = "adg";
  EXPECT_THROW(validate(wrong), Error);
  EXPECT_THROW(validate(FlowEditOptions{}), Error) << "without steps";
}

}  // namespace
}  // namespace ams
