#include "audio/level.h"

#include <gtest/gtest.h>

#include "audio/reference_clip.h"
#include "unit/audio/test_signals.h"

namespace ams {
namespace {

AudioBuffer values(const std::vector<float>& samples) {
  return AudioBuffer{48000, FloatArray({1, static_cast<int64_t>(samples.size())}, samples)};
}

TEST(level, guard_divides_only_above_full_scale) {
  AudioBuffer loud = values({0.5f, -2.0f});
  EXPECT_FLOAT_EQ(guard_peak(loud), 0.5f);
  EXPECT_EQ(loud.samples.data, (std::vector<float>{0.25f, -1.0f}));
  AudioBuffer soft = values({0.5f, -1.0f});
  EXPECT_EQ(guard_peak(soft), 1.0f);
  EXPECT_EQ(soft.samples.data, (std::vector<float>{0.5f, -1.0f}));
}

TEST(level, normalise_raises_quiet_audio_and_leaves_silence) {
  AudioBuffer quiet = values({0.01f, -0.02f});
  normalise_peak(quiet, -1.0);
  EXPECT_NEAR(peak_amplitude(quiet), 0.891251f, 1e-6f);
  AudioBuffer silence = values({1e-7f});
  EXPECT_EQ(normalise_peak(silence, -1.0), 1.0f);
  EXPECT_EQ(error_of([&] { normalise_peak(quiet, 1.0); }).code(), ErrorCode::InvalidRequest);
}

TEST(level, fades_include_both_end_values) {
  AudioBuffer audio = values({1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f});
  audio.sample_rate = 1;
  apply_fades(audio, {.in_seconds = 3.0, .out_seconds = 2.0});
  EXPECT_EQ(audio.samples.data, (std::vector<float>{0.0f, 0.5f, 1.0f, 1.0f, 1.0f, 0.0f}));
}

TEST(level, fade_longer_than_the_audio_covers_it) {
  AudioBuffer audio = values({1.0f, 1.0f, 1.0f});
  audio.sample_rate = 1;
  apply_fades(audio, {.in_seconds = 100.0});
  EXPECT_EQ(audio.samples.data, (std::vector<float>{0.0f, 0.5f, 1.0f}));
}

TEST(level, silence_is_below_one_millionth) {
  EXPECT_TRUE(is_silent(values({})));
  EXPECT_TRUE(is_silent(values({0.9e-6f, -0.9e-6f})));
  EXPECT_FALSE(is_silent(values({0.0f, -1.1e-6f})));
}

AudioBuffer counting(int64_t length) {
  AudioBuffer audio = silent_audio(48000, 2, length);
  for (int64_t i = 0; i < length; ++i) {
    const auto value = static_cast<float>(i + 1) / static_cast<float>(1 << 23);
    audio.channel(0)[static_cast<size_t>(i)] = value;
    audio.channel(1)[static_cast<size_t>(i)] = -value;
  }
  return audio;
}

TEST(reference_clip, takes_one_piece_at_each_offset) {
  const AudioBuffer song = counting(2000000);
  const AudioBuffer clip = assemble_reference_clip(song, {5, 700000, 1520000});
  ASSERT_EQ(clip.length(), 1440000);
  EXPECT_EQ(clip.channel(0)[0], song.channel(0)[5]);
  EXPECT_EQ(clip.channel(0)[479999], song.channel(0)[480004]);
  EXPECT_EQ(clip.channel(1)[480000], song.channel(1)[700000]);
  EXPECT_EQ(clip.channel(0)[1439999], song.channel(0)[1999999]);
}

TEST(reference_clip, short_songs_repeat_whole) {
  EXPECT_EQ(repeated_reference_length(1), 1440000);
  EXPECT_EQ(repeated_reference_length(1000000), 2000000);
  EXPECT_EQ(repeated_reference_length(1440000), 1440000);
  const AudioBuffer song = counting(1000000);
  const AudioBuffer clip = assemble_reference_clip(song, {0, 900000, 1520000});
  EXPECT_EQ(clip.channel(0)[480000 + 100000], song.channel(0)[0]);
}

TEST(reference_clip, ranges_are_the_thirds_of_the_song) {
  const ReferenceRanges ranges = reference_ranges(3000001);
  EXPECT_EQ(ranges.lowest, (ReferenceOffsets{0, 1000000, 2000000}));
  EXPECT_EQ(ranges.highest, (ReferenceOffsets{520000, 1520000, 2520001}));
  EXPECT_EQ(fixed_reference_offsets(3000001), (ReferenceOffsets{0, 1000000, 2520001}));
  EXPECT_EQ(reference_ranges(1440000).highest, (ReferenceOffsets{0, 480000, 960000}));
}

TEST(reference_clip, refuses_silence_bad_offsets_and_other_formats) {
  const AudioBuffer song = counting(1440000);
  EXPECT_EQ(error_of([&] {
              assemble_reference_clip(song, {0, 0, 960001});
            }).code(),
            ErrorCode::InvalidRequest);
  EXPECT_EQ(error_of([&] {
              assemble_reference_clip(song, {-1, 0, 0});
            }).code(),
            ErrorCode::InvalidRequest);
  EXPECT_EQ(error_of([&] {
              assemble_reference_clip(silent_audio(48000, 2, 9), {0, 0, 0});
            }).code(),
            ErrorCode::InvalidRequest);
  EXPECT_EQ(error_of([&] {
              assemble_reference_clip(silent_audio(48000, 1, 9), {0, 0, 0});
            }).code(),
            ErrorCode::InvalidRequest);
  EXPECT_EQ(error_of([] { repeated_reference_length(0); }).code(), ErrorCode::InvalidRequest);
}

}  // namespace
}  // namespace ams
