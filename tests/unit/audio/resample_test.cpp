#include "audio/resample.h"

#include <cmath>

#include <gtest/gtest.h>

#include "audio/analysis_spectrum.h"
#include "audio/level.h"
#include "unit/audio/test_signals.h"

namespace ams {
namespace {

AudioBuffer without_edges(const AudioBuffer& audio) {
  return slice_audio(audio, audio.length() / 8, audio.length() - audio.length() / 8);
}

// Level of a full-scale tone after conversion, in dB.
double gain_db(double hz, int64_t from_rate, int64_t to_rate) {
  const AudioBuffer tone = resample(sine(hz, 1.0, 1.0, from_rate, 1), to_rate);
  double power = 0.0;
  const AudioBuffer middle = without_edges(tone);
  for (const float sample : middle.samples.data) power += static_cast<double>(sample) * sample;
  return 10.0 * std::log10(2.0 * power / static_cast<double>(middle.length()) + 1e-20);
}

TEST(resample, pass_band_is_flat_to_94_percent_of_the_lower_nyquist) {
  for (const auto& [from, to] : {std::pair<int64_t, int64_t>{44100, 48000},
                                 {48000, 44100},
                                 {96000, 48000},
                                 {192000, 48000},
                                 {22050, 48000},
                                 {8000, 48000}}) {
    const double nyquist = static_cast<double>(std::min(from, to)) / 2.0;
    for (const double share : {0.01, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.94}) {
      EXPECT_NEAR(gain_db(share * nyquist, from, to), 0.0, 0.01)
          << share * nyquist << " Hz, " << from << " to " << to;
    }
  }
}

TEST(resample, aliases_are_100_db_down) {
  for (const auto& [from, to] :
       {std::pair<int64_t, int64_t>{48000, 44100}, {96000, 48000}, {192000, 48000}}) {
    const double nyquist = static_cast<double>(to) / 2.0;
    for (double hz = nyquist * 1.01; hz < static_cast<double>(from) / 2.0; hz *= 1.03) {
      EXPECT_LT(gain_db(hz, from, to), -95.0) << hz << " Hz, " << from << " to " << to;
    }
  }
}

// What is not the tone itself: images and rounding.
TEST(resample, images_are_100_db_down) {
  for (const int64_t from : {8000, 22050, 32000, 44100}) {
    for (const double share : {0.05, 0.4, 0.8, 0.93}) {
      const double hz = share * static_cast<double>(from) / 2.0;
      const AudioBuffer converted = without_edges(resample(sine(hz, 0.9, 1.5, from, 1), 48000));
      const Spectrum spectrum = average_spectrum(converted, 16384);
      const double all = band_level_db(spectrum, 0.0, 25000.0);
      const double above = band_level_db(spectrum, hz + 200.0, 25000.0);
      const double below = band_level_db(spectrum, 0.0, hz - 200.0);
      EXPECT_LT(above - all, -98.0) << hz << " Hz from " << from;
      EXPECT_LT(below - all, -98.0) << hz << " Hz from " << from;
    }
  }
}

TEST(resample, keeps_time_to_a_fraction_of_a_sample) {
  for (const int64_t from : {8000, 11025, 44100, 88200, 192000, 47999}) {
    const AudioBuffer converted = resample(sine(440.0, 0.5, 1.0, from, 2), 48000);
    const AudioBuffer ideal = sine(440.0, 0.5, 1.0, 48000, 2);
    ASSERT_EQ(converted.length(), 48000) << from;
    EXPECT_GT(signal_to_noise_db(ideal, converted, 6000), 90.0) << from;
  }
}

TEST(resample, length_is_the_exact_ratio_rounded_up) {
  EXPECT_EQ(resample(silent_audio(44100, 1, 1), 48000).length(), 2);
  EXPECT_EQ(resample(silent_audio(44100, 1, 0), 48000).length(), 0);
  EXPECT_EQ(resample(silent_audio(48000, 1, 100), 8000).length(), 17);
  EXPECT_EQ(resample(silent_audio(192000, 2, 192001), 48000).length(), 48001);
}

TEST(resample, there_and_back_is_the_same_below_the_band_edge) {
  const AudioBuffer audio = sweep(30.0, 18000.0, 2.0, 44100, 2);
  const AudioBuffer back = resample(resample(audio, 48000), 44100);
  ASSERT_EQ(back.length(), audio.length());
  EXPECT_GT(signal_to_noise_db(audio, back, 500), 95.0);
}

TEST(resample, tiles_equal_the_whole) {
  const AudioBuffer audio = white_noise(0.5, 1.0, 44100, 2, 11);
  const AudioBuffer whole = resample(audio, 48000);
  Resampler resampler(44100, 48000, 2);
  std::vector<float> left;
  const auto take = [&](const FloatArray& tile) {
    left.insert(left.end(), tile.row(0).begin(), tile.row(0).end());
  };
  for (int64_t start = 0; start < audio.length(); start += 1001) {
    const int64_t end = std::min(audio.length(), start + 1001);
    take(resampler.push(slice_audio(audio, start, end).samples));
  }
  take(resampler.finish());
  EXPECT_EQ(left, std::vector<float>(whole.channel(0).begin(), whole.channel(0).end()));
}

TEST(resample, equal_rates_copy) {
  const AudioBuffer audio = white_noise(0.5, 0.1, 48000, 2, 1);
  EXPECT_EQ(resample(audio, 48000).samples, audio.samples);
}

TEST(resample, rates_out_of_range_are_refused) {
  const AudioBuffer audio = silent_audio(48000, 1, 10);
  EXPECT_EQ(error_of([&] { resample(audio, 0); }).code(), ErrorCode::InvalidRequest);
  EXPECT_EQ(error_of([&] { resample(audio, INT64_C(5000000000)); }).code(),
            ErrorCode::InvalidRequest);
}

TEST(studio_format, mono_is_duplicated_and_clamped) {
  AudioBuffer mono = silent_audio(48000, 1, 3);
  mono.samples.data = {0.5f, 3.0f, -2.0f};
  const AudioBuffer studio = to_studio_format(mono);
  EXPECT_EQ(studio.samples.data, (std::vector<float>{0.5f, 1.0f, -1.0f, 0.5f, 1.0f, -1.0f}));
}

TEST(studio_format, more_than_two_channels_keep_the_first_two) {
  AudioBuffer audio = silent_audio(48000, 3, 1);
  audio.samples.data = {0.1f, 0.2f, 0.3f};
  EXPECT_EQ(to_studio_format(audio).samples.data, (std::vector<float>{0.1f, 0.2f}));
}

}  // namespace
}  // namespace ams
