// Combinations that no golden case records (turbo schedule, Heun with the wavelet correction, Heun
// with angle-based guidance) against a plain loop in float64 that is written down here from the
// formulas of the reference and shares no code with the sampler.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/philox.h"
#include "diffusion/sampler.h"

namespace ams {
namespace {

constexpr LatentShape kShape{.batch = 1, .frames = 6, .channels = 4};
constexpr double kLow = 0.4, kHigh = 0.3;  // correction, far above its defaults
constexpr double kScale = 4.0;             // guidance

using Latents = std::vector<double>;  // [frames, channels]

size_t channel_of(size_t i) { return i % static_cast<size_t>(kShape.channels); }

// A network that treats channels differently, so that angles between its two halves matter.
double conditional(double x, double t, size_t i) {
  return 0.5 * x + t * (0.2 + 0.3 * static_cast<double>(channel_of(i)));
}
double unconditional(double x, double t, size_t i) {
  return 0.4 * x - 0.1 * t * static_cast<double>(channel_of(i));
}

Latents angle_guided(const Latents& x, double t, const Latents& v_c, const Latents& v_u) {
  constexpr size_t kChannels = kShape.channels;
  Latents guided(x.size());
  for (size_t frame = 0; frame < x.size(); frame += kChannels) {
    std::array<double, kChannels> a{}, b{};
    double aa = 0, bb = 0, ab = 0, db = 0;
    for (size_t c = 0; c < kChannels; ++c) {
      a[c] = x[frame + c] - t * v_c[frame + c];
      b[c] = x[frame + c] - t * v_u[frame + c];
      aa += a[c] * a[c];
      bb += b[c] * b[c];
      ab += a[c] * b[c];
      db += (a[c] - b[c]) * b[c];
    }
    const double angle = std::acos(ab / std::sqrt(aa * bb));
    const double wide = std::min((kScale - 1 + 1e-3) * angle, 3.14 / 6);
    for (size_t c = 0; c < kChannels; ++c) {
      const double across = (a[c] - b[c]) - db / (bb + 1e-8) * b[c];
      const double clean = std::cos(wide) * a[c] + across * std::sin(wide) / std::sin(angle);
      guided[frame + c] = (x[frame + c] - clean) / t;
    }
  }
  return guided;
}

// Pairs of frames in closed form: l (da + db) / 2 +- h (da - db) / 2.
void correct(Latents& x, const Latents& clean, double t) {
  constexpr size_t kChannels = kShape.channels;
  const double low = t * kLow, high = (1 - t) * kHigh;
  for (size_t pair = 0; pair < x.size(); pair += 2 * kChannels) {
    for (size_t c = 0; c < kChannels; ++c) {
      double& a = x[pair + c];
      double& b = x[pair + kChannels + c];
      const double da = a - clean[pair + c], db = b - clean[pair + kChannels + c];
      a += low * (da + db) / 2 + high * (da - db) / 2;
      b += low * (da + db) / 2 - high * (da - db) / 2;
    }
  }
}

struct Loop {
  std::vector<double> levels;  // the last is 0
  bool jumps = false;          // turbo
  bool is_heun = false;
  bool is_guided = false;  // by angles, in the corrector as well
  bool is_corrected = false;

  Latents velocity(const Latents& x, double t) const {
    Latents v(x.size()), null(x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      v[i] = conditional(x[i], t, i);
      null[i] = unconditional(x[i], t, i);
    }
    if (!is_guided) return v;
    if (t > 0) return angle_guided(x, t, v, null);
    for (size_t i = 0; i < x.size(); ++i) v[i] = null[i] + kScale * (v[i] - null[i]);
    return v;
  }

  Latents run(Latents x) const {
    for (size_t k = 0; k + 1 < levels.size(); ++k) {
      const double t = levels[k], next = levels[k + 1];
      Latents v = velocity(x, t);
      Latents clean(x.size()), predicted(x.size());
      for (size_t i = 0; i < x.size(); ++i) {
        clean[i] = x[i] - t * v[i];
        predicted[i] = x[i] - (t - next) * v[i];
      }
      const bool is_jump = jumps && k + 2 == levels.size();
      if (is_heun && !is_jump) {
        const Latents second = velocity(predicted, next);
        for (size_t i = 0; i < x.size(); ++i) v[i] = (v[i] + second[i]) / 2;
      }
      for (size_t i = 0; i < x.size(); ++i) x[i] -= (t - next) * v[i];
      if (is_corrected) correct(x, clean, t);
    }
    return x;
  }
};

void network(std::span<const float> x, float t, std::span<float> v, std::span<float> null) {
  for (size_t i = 0; i < x.size(); ++i) {
    v[i] = static_cast<float>(conditional(x[i], t, i));
    if (!null.empty()) null[i] = static_cast<float>(unconditional(x[i], t, i));
  }
}

// The sampler with the same choices must arrive where the plain loop does.
void expect_same(const Loop& loop, const ScheduleOptions& schedule) {
  std::vector<float> noise(kShape.size());
  PhiloxStream(9, RandomPurpose::Noise).fill_normal(noise);
  SampleOptions options;
  options.schedule = schedule;
  options.solver = loop.is_heun ? "heun" : "euler";
  options.guidance.method = "adg";
  options.guidance.scale = loop.is_guided ? kScale : 1.0;
  if (loop.is_corrected) options.correction = {.scale = kLow, .high_scale = kHigh};
  const FloatArray x =
      sample(options, {.shape = kShape, .noise = noise}, {.velocity = network, .fresh_noise = {}});
  const Latents expected = loop.run({noise.begin(), noise.end()});
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(x.data[i], expected[i], 5e-5) << i;
}

// 1 - i / N with the shift s: s t / (1 + (s - 1) t).
std::vector<double> base_levels(int64_t steps, double shift) {
  std::vector<double> levels;
  for (int64_t i = 0; i <= steps; ++i) {
    const double t = 1.0 - static_cast<double>(i) / static_cast<double>(steps);
    levels.push_back(shift * t / (1 + (shift - 1) * t));
  }
  return levels;
}

const std::vector<double> kTurboShift3{1, 21.0 / 22, 0.9, 5.0 / 6, 0.75, 9.0 / 14, 0.5, 0.3, 0};

TEST(CombinedLoop, turbo_with_euler) {
  expect_same({.levels = kTurboShift3, .jumps = true}, {.name = "turbo", .steps = 8, .shift = 3.0});
}

TEST(CombinedLoop, turbo_snaps_given_levels_before_it_runs) {
  expect_same({.levels = {1, 0.75, 0.5, 0.125, 0}, .jumps = true},
              {.name = "turbo", .timesteps = {0.99f, 0.74f, 0.49f, 0.1f, 0.0f}});
}

TEST(CombinedLoop, turbo_with_heun_and_correction) {
  expect_same({.levels = kTurboShift3, .jumps = true, .is_heun = true, .is_corrected = true},
              {.name = "turbo", .steps = 8, .shift = 3.0});
}

TEST(CombinedLoop, heun_with_correction) {
  expect_same({.levels = base_levels(6, 2.0), .is_heun = true, .is_corrected = true},
              {.steps = 6, .shift = 2.0});
}

TEST(CombinedLoop, heun_with_angle_guidance) {
  expect_same({.levels = base_levels(6, 1.0), .is_heun = true, .is_guided = true}, {.steps = 6});
}

TEST(CombinedLoop, heun_with_angle_guidance_and_correction) {
  expect_same(
      {.levels = base_levels(5, 3.0), .is_heun = true, .is_guided = true, .is_corrected = true},
      {.steps = 5, .shift = 3.0});
}

}  // namespace
}  // namespace ams
