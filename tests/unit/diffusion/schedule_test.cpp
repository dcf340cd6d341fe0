#include "diffusion/schedule.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace ams {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

std::vector<float> levels(const ScheduleOptions& options) {
  return make_schedule(options).noise_levels;
}

TEST(Schedule, shift_of_one_keeps_it_linear) {
  const std::vector<float> t = levels({.steps = 27, .shift = 1.0});
  ASSERT_EQ(t.size(), 28u);
  EXPECT_EQ(t.front(), 1.0f);
  EXPECT_EQ(t.back(), 0.0f);
  for (size_t i = 0; i < t.size(); ++i) {
    EXPECT_NEAR(t[i], 1.0 - static_cast<double>(i) / 27.0, 1e-7);
  }
}

TEST(Schedule, shift_of_three) {
  const std::vector<float> t = levels({.steps = 50, .shift = 3.0});
  ASSERT_EQ(t.size(), 51u);
  EXPECT_THAT(
      std::vector<float>(t.begin(), t.begin() + 6),
      Pointwise(FloatNear(1e-6f), {1.0f, 0.993243f, 0.986301f, 0.979167f, 0.971831f, 0.964286f}));
  EXPECT_THAT(std::vector<float>(t.end() - 5, t.end()),
              Pointwise(FloatNear(1e-6f), {0.206897f, 0.160714f, 0.111111f, 0.057692f, 0.0f}));
  const std::vector<float> t32 = levels({.steps = 32, .shift = 3.0});
  EXPECT_NEAR(t32[5], 0.94186f, 1e-6);
  EXPECT_NEAR(t32[31], 0.088235f, 1e-6);
}

TEST(Schedule, bfloat16_rounds_each_operation) {
  const std::vector<float> linear = levels({.steps = 50, .shift = 1.0, .rounds_to_bfloat16 = true});
  EXPECT_THAT(std::vector<float>(linear.begin(), linear.begin() + 6),
              ElementsAre(1, .98046875, .9609375, .94140625, .921875, .8984375));
  EXPECT_THAT(std::vector<float>(linear.end() - 5, linear.end()),
              ElementsAre(.080078125, .06005859375, .0400390625, .02001953125, 0));
  const std::vector<float> shifted =
      levels({.steps = 50, .shift = 3.0, .rounds_to_bfloat16 = true});
  EXPECT_THAT(
      std::vector<float>(shifted.begin(), shifted.begin() + 8),
      ElementsAre(1, .98828125, .984375, .984375, .97265625, .9609375, .9609375, .94921875));
  EXPECT_THAT(std::vector<float>(shifted.end() - 6, shifted.end()),
              ElementsAre(.25, .2080078125, .1611328125, .111328125, .057861328125, 0));
}

TEST(Schedule, given_timesteps_are_used_as_they_are) {
  EXPECT_THAT(levels({.steps = 8, .shift = 3.0, .timesteps = {0.97f, 0.5f, 0.5f, 0.0f}}),
              ElementsAre(0.97f, 0.5f, 0.5f, 0.0f));
}

TEST(Schedule, turbo_steps_equal_the_published_tables) {
  for (const double shift : {1.0, 2.0, 3.0}) {
    EXPECT_THAT(levels({.name = "turbo", .steps = 8, .shift = shift}),
                Pointwise(FloatNear(1e-6f), levels({.name = "turbo", .shift = shift})))
        << shift;
  }
  EXPECT_THAT(
      levels({.name = "turbo", .shift = 2.7}),
      Pointwise(FloatNear(1e-6f), {1.f, .954545f, .9f, .833333f, .75f, .642857f, .5f, .3f, 0.f}));
  EXPECT_EQ(levels({.name = "turbo", .shift = 9.0}), levels({.name = "turbo", .shift = 3.0}));
  EXPECT_EQ(levels({.name = "turbo", .steps = 50, .shift = 3.0}).size(), 21u);
}

TEST(Schedule, turbo_snaps_given_timesteps) {
  EXPECT_THAT(levels({.name = "turbo", .timesteps = {0.99f, 0.6f, 0.51f, 0.01f, 0, 0}}),
              Pointwise(FloatNear(1e-6f), {1.0f, 0.625f, 0.5f, 0.125f, 0.0f}));
  const ScheduleOptions many{.name = "turbo", .timesteps = std::vector<float>(30, 0.5f)};
  EXPECT_EQ(levels(many).size(), 21u);
}

TEST(Schedule, only_the_last_turbo_step_jumps) {
  const Schedule turbo = make_schedule({.name = "turbo", .steps = 4});
  EXPECT_FALSE(turbo.step(2).jumps_to_clean);
  EXPECT_TRUE(turbo.step(3).jumps_to_clean);
  EXPECT_FALSE(make_schedule({.steps = 4}).step(3).jumps_to_clean);
}

TEST(Schedule, official_sde_level_ignores_the_shift_except_for_turbo) {
  const Schedule base = make_schedule({.steps = 4, .shift = 3.0});
  EXPECT_FLOAT_EQ(base.step(0).official_sde_t, 0.75f);
  EXPECT_EQ(base.step(3).official_sde_t, 0.0f);
  const Schedule turbo = make_schedule({.name = "turbo", .steps = 4, .shift = 3.0});
  EXPECT_EQ(turbo.step(0).official_sde_t, turbo.step(0).next_t);
}

TEST(Schedule, nearest_step_is_the_first_of_equals_and_never_the_closing_0) {
  Schedule schedule{.noise_levels = {1.0f, 0.75f, 0.5f, 0.0f}};
  EXPECT_EQ(schedule.nearest_step(0.6), 2);
  EXPECT_EQ(schedule.nearest_step(0.625), 1);
  EXPECT_EQ(schedule.nearest_step(0.0), 2);
  EXPECT_EQ(schedule.nearest_step(1.0), 0);
  schedule.start_at(1);
  EXPECT_THAT(schedule.noise_levels, ElementsAre(0.75f, 0.5f, 0.0f));
  EXPECT_EQ(schedule.steps(), 2);
}

TEST(Schedule, wrong_options_are_refused) {
  EXPECT_THROW(make_schedule({.name = "cosine", .steps = 8}), Error);
  EXPECT_THROW(make_schedule({}), Error);
  EXPECT_THROW(make_schedule({.steps = 0}), Error);
  EXPECT_THROW(make_schedule({.steps = 1001}), Error);
  EXPECT_THROW(make_schedule({.steps = 8, .shift = 0.0}), Error);
  EXPECT_THROW(make_schedule({.steps = 8, .shift = std::nan("")}), Error);
  EXPECT_THROW(make_schedule({.timesteps = {0.5f, 0.6f, 0.0f}}), Error);
  EXPECT_THROW(make_schedule({.timesteps = {1.0f, std::nanf(""), 0.0f}}), Error);
  EXPECT_THROW(make_schedule({.timesteps = {1.0f, 0.5f}}), Error);
  EXPECT_THROW(make_schedule({.timesteps = {0.0f}}), Error);
  EXPECT_THROW(make_schedule({.name = "turbo", .timesteps = {0.0f, 0.0f}}), Error);
}

TEST(Schedule, every_entry_of_the_table_falls_from_1_to_0) {
  for (const ScheduleInfo& info : schedules()) {
    const std::vector<float> t = levels({.name = std::string(info.name), .steps = 10, .shift = 2});
    EXPECT_EQ(t.front(), 1.0f) << info.name;
    EXPECT_EQ(t.back(), 0.0f) << info.name;
    EXPECT_TRUE(std::is_sorted(t.rbegin(), t.rend())) << info.name;
  }
}

}  // namespace
}  // namespace ams
