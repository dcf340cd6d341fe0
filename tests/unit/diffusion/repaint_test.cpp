#include "diffusion/repaint.h"

#include <array>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace ams {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

void expect_settings(
    RepaintMode mode, double strength, double ratio, int64_t frames, double seconds) {
  const RepaintSettings settings = repaint_settings(mode, strength);
  EXPECT_DOUBLE_EQ(settings.injection_ratio, ratio) << strength;
  EXPECT_EQ(settings.crossfade_frames, frames) << strength;
  EXPECT_DOUBLE_EQ(settings.crossfade_seconds, seconds) << strength;
}

TEST(Repaint, settings_of_modes_and_strengths) {
  for (const double strength : {0.0, 0.3, 0.5, 0.7, 1.0}) {
    expect_settings(RepaintMode::Conservative, strength, 1.0, 25, 0.05);
    expect_settings(RepaintMode::Aggressive, strength, 0.0, 0, 0.0);
  }
  expect_settings(RepaintMode::Balanced, 0.0, 1.0, 25, 0.05);
  expect_settings(RepaintMode::Balanced, 0.3, 0.7, 18, 0.035);
  expect_settings(RepaintMode::Balanced, 0.5, 0.5, 12, 0.025);
  expect_settings(RepaintMode::Balanced, 0.7, 0.3, 8, 0.015);
  expect_settings(RepaintMode::Balanced, 1.0, 0.0, 0, 0.0);
  EXPECT_THROW(repaint_settings(RepaintMode::Balanced, 1.1), Error);
}

TEST(Repaint, modes_are_found_by_name) {
  for (const RepaintModeInfo& info : repaint_modes()) {
    EXPECT_EQ(find_repaint_mode(info.name), info.mode);
  }
  EXPECT_THROW(find_repaint_mode("bold"), Error);
}

TEST(Repaint, injection_steps_round_half_to_even) {
  EXPECT_EQ(injection_steps(0.5, 50), 25);
  EXPECT_EQ(injection_steps(0.5, 5), 2);
  EXPECT_EQ(injection_steps(0.5, 7), 4);
  EXPECT_EQ(injection_steps(0.0, 5), 0);
  EXPECT_EQ(injection_steps(1.0, 5), 5);
}

TEST(Repaint, crossfade_ramps_lie_outside_the_zone) {
  EXPECT_THAT(crossfade_weights(12, 5, 8, 3),
              Pointwise(FloatNear(1e-6f),
                        {0.f, 0.f, .25f, .5f, .75f, 1.f, 1.f, 1.f, .75f, .5f, .25f, 0.f}));
}

TEST(Repaint, crossfade_shrinks_at_the_borders) {
  EXPECT_THAT(crossfade_weights(4, 1, 3, 10),
              Pointwise(FloatNear(1e-6f), {0.5f, 1.0f, 1.0f, 0.5f}));
  EXPECT_THAT(crossfade_weights(3, 0, 1, 0), ElementsAre(1.0f, 0.0f, 0.0f));
}

TEST(Repaint, blend_leaves_items_without_and_with_everything_to_generate) {
  const std::vector<uint8_t> mask{0, 0, 1, 1, 0, 1};
  const std::vector<float> clean(6, 9.0f);
  std::vector<float> latents{1, 2, 3, 4, 5, 6};
  blend_source({3, 2, 1}, mask, clean, 0, latents);
  EXPECT_THAT(latents, ElementsAre(1, 2, 3, 4, 9, 6));
}

TEST(Repaint, injection_at_level_0_restores_the_source) {
  const std::array<uint8_t, 2> mask{1, 0};
  std::array latents{1.0f, 2.0f};
  inject_source({1, 2, 1}, mask, std::array{7.0f, 7.0f}, std::array{5.0f, 5.0f}, 0.0f, latents);
  EXPECT_THAT(latents, ElementsAre(1.0f, 5.0f));
}

}  // namespace
}  // namespace ams
