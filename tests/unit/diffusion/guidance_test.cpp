#include "diffusion/guidance.h"

#include <array>
#include <cmath>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "diffusion/adg.h"
#include "diffusion/apg.h"
#include "diffusion/guided_velocity.h"
#include "diffusion/velocity_limits.h"

namespace ams {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

TEST(Apg, two_steps_of_one_channel) {
  AdaptiveProjectedGuidance apg({1, 3, 1}, 7.0);
  std::array<float, 3> v{};
  apg.guide({{}, 1.0f, std::array{1.0f, 2.0f, -1.0f}, std::array{0.5f, 2.5f, 0.0f}}, v);
  EXPECT_THAT(v, Pointwise(FloatNear(1e-6f), {3.5f, -2.0f, -6.5f}));
  EXPECT_THAT(apg.momentum(), ElementsAre(0.5f, -0.5f, -1.0f));
  apg.guide({{}, 0.5f, std::array{0.8f, 1.5f, -0.5f}, std::array{0.9f, 1.0f, 0.5f}}, v);
  EXPECT_THAT(v, Pointwise(FloatNear(1e-5f), {-3.666561f, 3.718949f, -0.98965f}));
  EXPECT_THAT(apg.momentum(), Pointwise(FloatNear(1e-6f), {-0.475f, 0.875f, -0.25f}));
}

TEST(Apg, advance_equals_the_momentum_of_guide) {
  const std::array conditional{1.0f, 2.0f, -1.0f};
  const std::array unconditional{0.5f, 2.5f, 0.0f};
  AdaptiveProjectedGuidance guided({1, 3, 1}, 7.0), advanced({1, 3, 1}, 7.0);
  std::array<float, 3> v{};
  for (int step = 0; step < 2; ++step) {
    guided.guide({{}, 1.0f, conditional, unconditional}, v);
    advanced.advance(std::array{0.5f, -0.5f, -1.0f});
  }
  EXPECT_THAT(advanced.momentum(), Pointwise(FloatNear(1e-6f), guided.momentum()));
}

TEST(Apg, equal_velocities_stay) {
  AdaptiveProjectedGuidance apg({1, 2, 1}, 7.0);
  std::array<float, 2> v{};
  apg.guide({{}, 1.0f, std::array{0.0f, 3.0f}, std::array{0.0f, 3.0f}}, v);
  EXPECT_THAT(v, ElementsAre(0.0f, 3.0f));
}

TEST(Adg, one_frame_of_two_channels) {
  AngleGuidance adg({1, 1, 2}, 7.0);
  std::array<float, 2> v{};
  adg.guide({std::array{1.0f, 0.5f}, 0.8f, std::array{0.2f, -0.4f}, std::array{0.1f, -0.1f}}, v);
  EXPECT_THAT(v, Pointwise(FloatNear(2e-6f), {0.731624f, -0.883162f}));
}

TEST(Adg, is_plain_guidance_where_the_latents_are_clean) {
  AngleGuidance adg({1, 1, 2}, 3.0);
  std::array<float, 2> v{};
  adg.guide({std::array{1.0f, 0.5f}, 0.0f, std::array{0.2f, -0.4f}, std::array{0.1f, -0.1f}}, v);
  EXPECT_THAT(v, Pointwise(FloatNear(1e-6f), {0.4f, -1.0f}));
}

TEST(Adg, silent_latents_give_finite_velocities) {
  AngleGuidance adg({1, 1, 2}, 7.0, {.keeps_norm = true});
  std::array<float, 2> v{};
  adg.guide({std::array{0.0f, 0.0f}, 0.5f, std::array{0.0f, 0.0f}, std::array{0.0f, 0.0f}}, v);
  EXPECT_THAT(v, ElementsAre(0.0f, 0.0f));
}

TEST(Guidance, every_method_of_the_table_keeps_equal_velocities) {
  std::set<std::string_view> names;
  for (const GuidanceInfo& info : guidances()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_FALSE(info.label.empty());
    const auto guidance = info.make({1, 2, 1}, 5.0);
    ASSERT_EQ(guidance == nullptr, info.name == "none");
    if (!guidance) continue;
    std::array v{0.5f, -1.0f};
    guidance->guide({std::array{1.0f, 1.0f}, 1.0f, v, std::array{0.5f, -1.0f}}, v);
    // The reference's ADG moves equal inputs a little: its weight and cosine are bounded.
    EXPECT_THAT(v, Pointwise(FloatNear(0.02f), {0.5f, -1.0f})) << info.name;
  }
}

TEST(Guidance, unknown_methods_and_numbers_outside_their_range_are_refused) {
  EXPECT_THROW(find_guidance("apgg"), Error);
  EXPECT_THROW(validate(GuidanceOptions{.scale = std::nan("")}), Error);
  EXPECT_THROW(validate(GuidanceOptions{.interval_end = std::nan("")}), Error);
  EXPECT_THROW(validate(VelocityLimits{.norm_threshold = -1.0}), Error);
  EXPECT_THROW(validate(VelocityLimits{.average_factor = 1.0}), Error);
  EXPECT_NO_THROW(validate(GuidanceOptions{}));
}

TEST(VelocityLimits, clamp_acts_on_each_item_alone) {
  // Item 0: |x| = 5, |v| = 10 is cut to 0.8 * 5; item 1: |v| = 1 is short enough.
  std::array v{6.0f, 8.0f, 1.0f, 0.0f};
  clamp_velocity_norm({2, 1, 2}, std::array{3.0f, 4.0f, 3.0f, 4.0f}, 0.8, v);
  EXPECT_THAT(v, Pointwise(FloatNear(1e-6f), {2.4f, 3.2f, 1.0f, 0.0f}));
}

TEST(VelocityLimits, average_starts_with_the_second_velocity) {
  VelocityAverage average({1, 1, 1}, 0.25);
  std::array first{4.0f}, second{8.0f};
  average.smooth(first);
  EXPECT_THAT(first, ElementsAre(4.0f));
  average.remember(first);
  average.smooth(second);
  EXPECT_THAT(second, ElementsAre(7.0f));
}

}  // namespace
}  // namespace ams
