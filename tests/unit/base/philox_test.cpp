#include "base/philox.h"

#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ams {
namespace {

using testing::ElementsAre;

TEST(Philox, known_answers_of_the_published_generator) {
  EXPECT_THAT(philox4x32({0, 0, 0, 0}, {0, 0}),
              ElementsAre(0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u));
  EXPECT_THAT(
      philox4x32({0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}, {0xa4093822u, 0x299f31d0u}),
      ElementsAre(0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u));
  EXPECT_THAT(philox4x32({0, 0, 0, 0}, {42, 0}),
              ElementsAre(2632642643u, 2012563771u, 314527917u, 1463989207u));
}

TEST(Philox, same_seed_and_purpose_give_the_same_numbers) {
  PhiloxStream first(7, RandomPurpose::Planner);
  PhiloxStream second(7, RandomPurpose::Planner);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(first(), second());
}

TEST(Philox, seeds_purposes_and_rows_give_other_numbers) {
  const uint32_t reference = PhiloxStream(7, RandomPurpose::Planner)();
  EXPECT_NE(reference, PhiloxStream(8, RandomPurpose::Planner)());
  EXPECT_NE(reference, PhiloxStream(7 | (uint64_t{1} << 40), RandomPurpose::Planner)());
  EXPECT_NE(reference, PhiloxStream(7, RandomPurpose::Sde)());
  EXPECT_NE(reference, PhiloxStream(7, RandomPurpose::Planner, 1)());
}

TEST(Philox, uniform_values_fill_the_unit_interval) {
  PhiloxStream stream(1, RandomPurpose::ReferenceClip);
  double sum = 0.0;
  constexpr int kCount = 20000;
  for (int i = 0; i < kCount; ++i) {
    const double value = stream.uniform();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / kCount, 0.5, 0.01);
}

TEST(Philox, normal_values_have_the_moments_of_the_normal_distribution) {
  PhiloxStream stream(1, RandomPurpose::Sde);
  std::vector<float> values(100001);  // not a multiple of a block
  stream.fill_normal(values);
  double mean = 0.0, square = 0.0, fourth = 0.0;
  for (const double value : values) {
    ASSERT_TRUE(std::isfinite(value));
    mean += value;
    square += value * value;
    fourth += value * value * value * value;
  }
  const auto count = static_cast<double>(values.size());
  EXPECT_NEAR(mean / count, 0.0, 0.015);
  EXPECT_NEAR(square / count, 1.0, 0.02);
  EXPECT_NEAR(fourth / count, 3.0, 0.15);
}

TEST(Philox, successive_normal_draws_differ) {
  PhiloxStream stream(1, RandomPurpose::Sde);
  std::vector<float> first(8), second(8);
  stream.fill_normal(first);
  stream.fill_normal(second);
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace ams
