#include "audio/loudness_forecast.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace ams {
namespace {

// Mean square of a song of `lufs`, as BS.1770 defines it.
double energy_of(double lufs) { return std::pow(10.0, (lufs + 0.691) / 10.0); }

LoudnessProfile steady(double lufs, size_t stretches, float peak) {
  return {std::vector<double>(stretches, energy_of(lufs)),
          std::vector<float>(stretches * LoudnessProfile::kPeaks, peak)};
}

TEST(loudness_forecast, a_song_below_the_ceiling_follows_the_gain) {
  const LoudnessProfile song = steady(-20.0, 1000, 0.1f);
  EXPECT_NEAR(forecast_loudness(song, 0.0, {}), -20.0, 1e-9);
  EXPECT_NEAR(forecast_loudness(song, 6.0, {}), -14.0, 1e-9);
}

TEST(loudness_forecast, the_limiter_takes_what_is_above_the_ceiling) {
  // Peaks of 0 dBFS throughout: at a ceiling of -1 dB all of a gain is taken and 1 dB more.
  const LoudnessProfile song = steady(-20.0, 1000, 1.0f);
  EXPECT_NEAR(forecast_loudness(song, 3.0, {}), -21.0, 0.01);
}

TEST(loudness_forecast, quiet_parts_are_gated) {
  LoudnessProfile song = steady(-20.0, 2000, 0.1f);
  for (size_t i = 1000; i < 2000; ++i) song.energies[i] = energy_of(-40.0);
  // Three blocks of 400 ms lie across the border.
  EXPECT_NEAR(forecast_loudness(song, 0.0, {}), -20.0, 0.5);
  EXPECT_GT(forecast_loudness(song, 0.0, {}), -20.5);
}

TEST(loudness_forecast, silence_and_less_than_a_block_have_none) {
  EXPECT_EQ(forecast_loudness(steady(-90.0, 1000, 0.0f), 0.0, {}), -INFINITY);
  EXPECT_EQ(forecast_loudness(steady(-20.0, 199, 0.1f), 0.0, {}), -INFINITY);
  EXPECT_NE(forecast_loudness(steady(-20.0, 200, 0.1f), 0.0, {}), -INFINITY);
}

TEST(loudness_forecast, thinning_keeps_the_highest_peaks) {
  std::vector<float> envelope(96 * 3 + 5, 0.25f);
  envelope[96 + 17] = 0.75f;  // second sixth of the second stretch
  const std::vector<float> thin = thin_envelope(envelope, 96);
  ASSERT_EQ(thin.size(), 18u);
  for (size_t i = 0; i < thin.size(); ++i) EXPECT_EQ(thin[i], i == 7 ? 0.75f : 0.25f) << i;
}

}  // namespace
}  // namespace ams
