#include "audio/limiter.h"

#include <cmath>

#include <gtest/gtest.h>

#include "audio/level.h"
#include "audio/loudness.h"
#include "unit/audio/test_signals.h"

namespace ams {
namespace {

TEST(limiter, leaves_audio_below_the_ceiling_bit_exact) {
  AudioBuffer audio = sine(1000.0, 0.8, 1.0, 48000, 2);
  const FloatArray before = audio.samples;
  EXPECT_EQ(limit_true_peak(audio, {}), 1.0);
  EXPECT_EQ(audio.samples, before);
}

TEST(limiter, holds_sample_and_true_peaks_of_noise) {
  AudioBuffer audio = white_noise(4.0, 2.0, 48000, 2, 9);
  limit_true_peak(audio, {});
  EXPECT_LE(amplitude_to_db(static_cast<double>(peak_amplitude(audio))), -1.0);
  // White noise to Nyquist is the worst case for two different interpolation filters.
  EXPECT_LE(measure_loudness(audio).true_peak_dbtp.value(), -0.5);
}

TEST(limiter, sees_peaks_between_samples) {
  // At a quarter of the rate and 45 degrees all samples are 3 dB below the peak.
  AudioBuffer audio = from_function(1.0, 48000, 1, [](double t) {
    return 1.2 * std::sin(2.0 * 3.14159265358979 * (12000.0 * t + 0.125));
  });
  ASSERT_LT(peak_amplitude(audio), 0.891f);
  EXPECT_LT(limit_true_peak(audio, {}), 0.80);
  const AudioBuffer middle = slice_audio(audio, 4800, 43200);
  EXPECT_NEAR(amplitude_to_db(static_cast<double>(peak_amplitude(middle))), -4.0, 0.15);
}

TEST(limiter, one_click_lowers_only_its_surroundings_without_a_jump) {
  AudioBuffer audio = sine(200.0, 0.5, 2.0, 48000, 1);
  const AudioBuffer before = audio;
  audio.samples.data[48000] = 3.0f;
  limit_true_peak(audio, {});
  EXPECT_LE(std::fabs(audio.samples.data[48000]), 0.8913f);
  EXPECT_EQ(audio.samples.data[40000], before.samples.data[40000]);
  EXPECT_NEAR(audio.samples.data[95000], before.samples.data[95000], 0.02f);
  // The gain, seen through the sine, moves by less than 1 % from sample to sample.
  double previous = 1.0;
  for (size_t i = 47000; i < 60000; ++i) {
    if (i == 48000 || std::fabs(before.samples.data[i]) < 0.1f) continue;
    const double gain = audio.samples.data[i] / before.samples.data[i];
    EXPECT_LT(gain, 1.0001);
    if (std::fabs(before.samples.data[i - 1]) >= 0.1f) {
      EXPECT_NEAR(gain, previous, 0.01);
    }
    previous = gain;
  }
}

TEST(limiter, channels_keep_their_balance) {
  AudioBuffer audio = white_noise(2.0, 0.5, 48000, 1, 10);
  AudioBuffer stereo = to_stereo(audio);
  for (float& sample : stereo.channel(1)) sample *= 0.25f;
  limit_true_peak(stereo, {});
  for (size_t i = 0; i < 24000; ++i) {
    ASSERT_NEAR(stereo.channel(1)[i], 0.25f * stereo.channel(0)[i], 1e-6f);
  }
}

TEST(limiter, tiny_buffers_and_bad_ceilings) {
  AudioBuffer one = silent_audio(48000, 1, 1);
  one.samples.data[0] = 2.0f;
  limit_true_peak(one, {});
  EXPECT_LE(one.samples.data[0], 0.8913f);
  AudioBuffer none = silent_audio(48000, 1, 0);
  EXPECT_EQ(limit_true_peak(none, {}), 1.0);
  EXPECT_EQ(error_of([&] { limit_true_peak(one, {.ceiling_dbtp = 0.1}); }).code(),
            ErrorCode::InvalidRequest);
}

}  // namespace
}  // namespace ams
