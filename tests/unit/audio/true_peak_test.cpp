// The peak filter against sines, whose level between samples is known.
#include "audio/true_peak.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "unit/audio/test_signals.h"

namespace ams {
namespace {

float highest(const std::vector<float>& envelope, size_t begin, size_t end) {
  return *std::max_element(envelope.begin() + static_cast<std::ptrdiff_t>(begin),
                           envelope.begin() + static_cast<std::ptrdiff_t>(end));
}

TEST(true_peak, sines_of_all_pitches_are_read_within_their_sampling_error) {
  for (const double hertz : {50.0, 997.0, 6000.0, 12000.0, 18000.0, 20000.0}) {
    const AudioBuffer audio = from_function(1.0, 48000, 2, [&](double t) {
      return 0.5 * std::sin(2.0 * std::numbers::pi * (hertz * t + 0.07));
    });
    const float peak = highest(true_peak_envelope(audio), 100, 47900);
    // Four times oversampling misses at most 1 - cos(pi / 4 * f / Nyquist).
    const double missed = 1.0 - std::cos(std::numbers::pi / 4.0 * hertz / 24000.0);
    EXPECT_LE(peak, 0.5 * 1.003) << hertz;
    EXPECT_GE(peak, 0.5 * (1.0 - missed) * 0.997) << hertz;
  }
}

TEST(true_peak, an_impulse_is_found_wherever_it_lies) {
  // Lengths and places around the borders of blocks and tiles.
  for (const int64_t length : {1, 2, 11, 12, 13, 3071, 3072, 3073, 6200}) {
    for (const int64_t at : {int64_t{0}, length / 2, length - 1}) {
      AudioBuffer audio = silent_audio(48000, 2, length);
      audio.channel(1)[static_cast<size_t>(at)] = -0.75f;
      const std::vector<float> envelope = true_peak_envelope(audio);
      ASSERT_EQ(static_cast<int64_t>(envelope.size()), length);
      EXPECT_EQ(envelope[static_cast<size_t>(at)], 0.75f) << length << " " << at;
      EXPECT_EQ(highest(envelope, 0, envelope.size()), 0.75f) << length << " " << at;
      // Seen from 20 samples away nothing is left of it.
      if (at >= 20) {
        EXPECT_EQ(envelope[static_cast<size_t>(at - 20)], 0.0f) << length << " " << at;
      }
    }
  }
}

TEST(true_peak, blocks_join_without_a_seam) {
  const AudioBuffer audio = white_noise(0.5, 0.2, 48000, 1, 5);
  const std::vector<float> whole = true_peak_envelope(audio);
  const std::vector<float> later = true_peak_envelope(slice_audio(audio, 1000, audio.length()));
  for (size_t i = 40; i < later.size(); ++i) ASSERT_EQ(later[i], whole[i + 1000]) << i;
}

TEST(true_peak, the_rise_to_the_first_sample_counts) {
  // Alternating samples swing beyond full scale before the first of them.
  AudioBuffer audio = silent_audio(48000, 1, 2);
  audio.samples.data = {0.5f, -0.5f};
  EXPECT_GT(true_peak_envelope(audio)[0], 0.5f);
}

TEST(true_peak, nothing_has_no_peak) {
  EXPECT_TRUE(true_peak_envelope(silent_audio(48000, 2, 0)).empty());
}

}  // namespace
}  // namespace ams
