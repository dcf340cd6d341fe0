#include "audio/splice.h"

#include <cmath>

#include <gtest/gtest.h>

#include "unit/audio/test_signals.h"

namespace ams {
namespace {

AudioBuffer constant(float value, int64_t length) {
  AudioBuffer audio = silent_audio(48000, 1, length);
  for (float& sample : audio.samples.data) sample = value;
  return audio;
}

TEST(splice, ramps_lie_outside_the_range_and_never_reach_its_ends) {
  const AudioBuffer result = splice_repaint(
      constant(1.0f, 12), constant(0.0f, 12), {.begin = 4, .end = 8, .crossfade_samples = 3});
  const std::vector<float> expected{
      0.0f, 0.25f, 0.5f, 0.75f, 1.0f, 1.0f, 1.0f, 1.0f, 0.75f, 0.5f, 0.25f, 0.0f};
  EXPECT_EQ(result.samples.data, expected);
}

TEST(splice, ramps_are_cut_where_the_audio_ends) {
  const AudioBuffer result = splice_repaint(
      constant(1.0f, 6), constant(0.0f, 6), {.begin = 1, .end = 5, .crossfade_samples = 100});
  EXPECT_EQ(result.samples.data, (std::vector<float>{0.5f, 1.0f, 1.0f, 1.0f, 1.0f, 0.5f}));
}

TEST(splice, outside_the_fades_the_source_is_bit_exact) {
  const AudioBuffer decoded = white_noise(0.9, 1.0, 48000, 2, 1);
  const AudioBuffer source = white_noise(0.9, 1.0, 48000, 2, 2);
  const AudioBuffer result =
      splice_repaint(decoded, source, {.begin = 10000, .end = 30000, .crossfade_samples = 1200});
  for (int64_t c = 0; c < 2; ++c) {
    for (size_t i = 0; i < 48000; ++i) {
      if (i >= 10000 && i < 30000) {
        ASSERT_EQ(result.channel(c)[i], decoded.channel(c)[i]);
      } else if (i < 8800 || i >= 31200) {
        ASSERT_EQ(result.channel(c)[i], source.channel(c)[i]);
      }
    }
  }
}

TEST(splice, no_crossfade_cuts_hard_and_everything_stays_decoded) {
  const SpliceRange range{.begin = 2, .end = 3, .crossfade_samples = 0};
  EXPECT_EQ(splice_repaint(constant(1.0f, 4), constant(0.0f, 4), range).samples.data,
            (std::vector<float>{0.0f, 0.0f, 1.0f, 0.0f}));
  const SpliceRange all{.begin = 0, .end = 4, .crossfade_samples = 2};
  EXPECT_EQ(splice_repaint(constant(1.0f, 4), constant(0.0f, 4), all).samples.data,
            constant(1.0f, 4).samples.data);
}

TEST(splice, beyond_a_shorter_source_the_decoded_song_stays) {
  const SpliceRange range{.begin = 1, .end = 2, .crossfade_samples = 0};
  EXPECT_EQ(splice_repaint(constant(1.0f, 5), constant(0.0f, 3), range).samples.data,
            (std::vector<float>{0.0f, 1.0f, 0.0f, 1.0f, 1.0f}));
  const SpliceRange tail{.begin = 4, .end = 5, .crossfade_samples = 3};
  EXPECT_EQ(splice_repaint(constant(1.0f, 5), constant(0.0f, 2), tail).samples.data,
            (std::vector<float>{0.0f, 0.25f, 1.0f, 1.0f, 1.0f}));
}

TEST(splice, bad_ranges_and_unlike_songs_are_refused) {
  const AudioBuffer audio = constant(1.0f, 10);
  for (const SpliceRange& range : {SpliceRange{5, 5, 0},
                                   SpliceRange{6, 5, 0},
                                   SpliceRange{-1, 5, 0},
                                   SpliceRange{0, 11, 0},
                                   SpliceRange{2, 5, -1}}) {
    EXPECT_EQ(error_of([&] { splice_repaint(audio, audio, range); }).code(),
              ErrorCode::InvalidRequest);
  }
  EXPECT_EQ(error_of([&] {
              splice_repaint(audio, silent_audio(44100, 1, 10), {0, 5, 0});
            }).code(),
            ErrorCode::InvalidRequest);
}

TEST(join, keeps_both_parts_bit_exact_outside_the_overlap) {
  const AudioBuffer seed = white_noise(0.5, 0.5, 48000, 2, 3);
  const AudioBuffer extension = white_noise(0.5, 0.7, 48000, 2, 4);
  const AudioBuffer song = join_equal_power(seed, extension, 9600);
  ASSERT_EQ(song.length(), 24000 + 33600 - 9600);
  for (int64_t c = 0; c < 2; ++c) {
    for (size_t i = 0; i < 14400; ++i) ASSERT_EQ(song.channel(c)[i], seed.channel(c)[i]);
    for (size_t i = 9600; i < 33600; ++i) {
      ASSERT_EQ(song.channel(c)[14400 + i], extension.channel(c)[i]);
    }
  }
}

TEST(join, fade_keeps_the_power_of_unrelated_signals) {
  const AudioBuffer head = white_noise(0.5, 4.0, 48000, 1, 5);
  const AudioBuffer tail = white_noise(0.5, 4.0, 48000, 1, 6);
  const AudioBuffer song = join_equal_power(head, tail, int64_t{4} * 48000);
  for (int64_t start = 0; start < song.length(); start += 24000) {
    double power = 0.0;
    for (int64_t i = start; i < start + 24000; ++i) {
      const double sample = song.channel(0)[static_cast<size_t>(i)];
      power += sample * sample / 24000.0;
    }
    EXPECT_NEAR(10.0 * std::log10(power / (0.25 / 3.0)), 0.0, 0.25) << start;
  }
}

TEST(join, without_overlap_appends_and_refuses_too_much) {
  EXPECT_EQ(join_equal_power(constant(1.0f, 2), constant(2.0f, 2), 0).samples.data,
            (std::vector<float>{1.0f, 1.0f, 2.0f, 2.0f}));
  EXPECT_EQ(error_of([] { join_equal_power(constant(1.0f, 5), constant(2.0f, 2), 3); }).code(),
            ErrorCode::InvalidRequest);
}

}  // namespace
}  // namespace ams
