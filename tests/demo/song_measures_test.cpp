// What the tests of the built-in model hear is right on made-up audio.
#include "support/song_measures.h"

#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace ams {
namespace {

constexpr int64_t kRate = 48000;

// Short bursts of noise, the first of four the loudest.
AudioBuffer drums(double bpm, double seconds) {
  AudioBuffer audio = silent_audio(kRate, 2, static_cast<int64_t>(seconds * kRate));
  std::mt19937 random(5);
  std::uniform_real_distribution<float> noise(-0.5f, 0.5f);
  for (int64_t i = 0; i < audio.length(); ++i) {
    const double beats = static_cast<double>(i) / kRate * bpm / 60.0;
    const double since = (beats - std::floor(beats)) * 60.0 / bpm;
    const double level = static_cast<int64_t>(beats) % 4 == 0 ? 1.0 : 0.6;
    const auto sample = static_cast<float>(noise(random) * level * std::exp(-40.0 * since));
    for (int64_t c = 0; c < 2; ++c) audio.channel(c)[static_cast<size_t>(i)] = sample;
  }
  return audio;
}

// A chord of sines a second, by their notes.
AudioBuffer chords(const std::vector<std::vector<int>>& notes) {
  AudioBuffer audio = silent_audio(kRate, 2, static_cast<int64_t>(notes.size()) * kRate);
  for (int64_t i = 0; i < audio.length(); ++i) {
    const double t = static_cast<double>(i) / kRate;
    double sum = 0.0;
    for (const int note : notes[static_cast<size_t>(i / kRate)]) {
      sum += 0.2 * std::sin(2.0 * std::numbers::pi * 440.0 * std::exp2((note - 69) / 12.0) * t);
    }
    for (int64_t c = 0; c < 2; ++c) {
      audio.channel(c)[static_cast<size_t>(i)] = static_cast<float>(sum);
    }
  }
  return audio;
}

TEST(SongMeasures, tempo_is_that_of_the_drums) {
  for (const double bpm : {75.0, 96.0, 128.0, 151.0}) {
    const AudioBuffer song = drums(bpm, 10.0);
    EXPECT_TRUE(has_tempo(song, bpm)) << tempo_of(song) << " for " << bpm;
    EXPECT_FALSE(has_tempo(song, bpm * 1.2)) << tempo_of(song) << " for " << bpm;
  }
  EXPECT_EQ(tempo_of(silent_audio(kRate, 2, 4 * kRate)), 0.0);
}

TEST(SongMeasures, silence_is_counted_in_frames) {
  AudioBuffer song = drums(600.0, 4.0);
  EXPECT_EQ(silent_share(song), 0.0);
  for (int64_t c = 0; c < 2; ++c) {
    for (int64_t i = 0; i < kRate; ++i) song.channel(c)[static_cast<size_t>(i)] = 0.0f;
  }
  EXPECT_NEAR(silent_share(song), 0.25, 0.02);
}

TEST(SongMeasures, harmony_is_alike_for_the_same_chords_only) {
  const AudioBuffer song = chords({{60, 64, 67}, {65, 69, 72}, {67, 71, 74}, {60, 64, 67}});
  const AudioBuffer higher = chords({{72, 76, 79}, {65, 69, 72}, {79, 83, 86}, {60, 64, 67}});
  const AudioBuffer other = chords({{61, 65, 68}, {66, 70, 73}, {68, 72, 75}, {61, 65, 68}});
  EXPECT_GT(harmony_likeness(song, higher), 0.8);
  EXPECT_LT(harmony_likeness(song, other), 0.2);
}

}  // namespace
}  // namespace ams
