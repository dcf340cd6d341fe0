#include <cmath>
#include <complex>
#include <numbers>

#include <gtest/gtest.h>

#include "audio/analysis_key.h"
#include "audio/analysis_spectrum.h"
#include "audio/analysis_tempo.h"
#include "audio/fft.h"
#include "audio/resample.h"
#include "unit/audio/test_signals.h"

namespace ams {
namespace {

double note_hz(int midi) { return 440.0 * std::pow(2.0, (midi - 69) / 12.0); }

// Chords of three notes with four overtones each, `chord_seconds` long.
AudioBuffer chords(const std::vector<std::vector<int>>& notes, double chord_seconds) {
  const double seconds = chord_seconds * static_cast<double>(notes.size());
  return from_function(seconds, 48000, 2, [&](double t) {
    const auto index = std::min(notes.size() - 1, static_cast<size_t>(t / chord_seconds));
    double sum = 0.0;
    for (const int midi : notes[index]) {
      for (int overtone = 1; overtone <= 4; ++overtone) {
        sum += 0.1 / overtone * std::sin(2.0 * std::numbers::pi * note_hz(midi) * overtone * t);
      }
    }
    return sum;
  });
}

AudioBuffer clicks(double bpm, double seconds) {
  const double beat = 60.0 / bpm;
  AudioBuffer audio = white_noise(0.9, seconds, 48000, 2, 31);
  for (int64_t c = 0; c < 2; ++c) {
    const auto samples = audio.channel(c);
    for (size_t i = 0; i < samples.size(); ++i) {
      const double since = std::fmod(static_cast<double>(i) / 48000.0, beat);
      samples[i] *= static_cast<float>(0.001 + std::exp(-since * 80.0));
    }
  }
  return audio;
}

TEST(fft, equals_the_sum_of_the_definition) {
  RealFft fft(64);
  std::vector<float> samples;
  for (int i = 0; i < 64; ++i) samples.push_back(static_cast<float>(std::sin(i * i * 0.1) + 0.2));
  std::vector<std::complex<float>> bins(33);
  fft.forward(samples, bins);
  for (int k = 0; k <= 32; ++k) {
    std::complex<double> sum = 0.0;
    for (int n = 0; n < 64; ++n) {
      sum += static_cast<double>(samples[static_cast<size_t>(n)]) *
             std::polar(1.0, -2.0 * std::numbers::pi * k * n / 64.0);
    }
    EXPECT_NEAR(std::abs(sum - std::complex<double>(bins[static_cast<size_t>(k)])), 0.0, 1e-4) << k;
  }
  EXPECT_EQ(error_of([] { RealFft odd(7); }).code(), ErrorCode::InvalidRequest);
}

TEST(spectrum, full_scale_sine_has_power_one_at_its_frequency) {
  const Spectrum spectrum = average_spectrum(sine(3000.0, 1.0, 1.0, 48000, 2), 4096);
  EXPECT_NEAR(strongest_frequency_hz(spectrum), 3000.0, 1.0);
  EXPECT_NEAR(spectrum.power[256], 1.0, 0.01);
  // A Hann window spreads a tone over bins that sum to 1.5.
  EXPECT_NEAR(band_level_db(spectrum, 2900.0, 3100.0), 10.0 * std::log10(1.5), 0.05);
  EXPECT_LT(band_level_db(spectrum, 5000.0, 20000.0), -80.0);
}

TEST(spectrum, bandwidth_is_where_the_content_ends) {
  EXPECT_NEAR(bandwidth_hz(average_spectrum(resample(white_noise(0.5, 2.0, 16000, 1, 4), 48000))),
              8000.0,
              300.0);
  EXPECT_EQ(bandwidth_hz(average_spectrum(silent_audio(48000, 2, 48000))), 0.0);
}

TEST(spectrum, short_audio_has_one_frame) {
  const PowerSpectrogram spectrogram = power_spectrogram(silent_audio(48000, 1, 10), 1024, 256);
  EXPECT_EQ(spectrogram.power.shape, (std::vector<int64_t>{1, 513}));
}

TEST(silence, frames_are_flagged_one_by_one) {
  AudioBuffer audio = silent_audio(1000, 2, 250);
  audio.channel(1)[120] = 0.01f;
  EXPECT_EQ(silent_frames(audio, 100), (std::vector<bool>{true, false, true}));
  EXPECT_EQ(silent_frames(audio, 100, -30.0), (std::vector<bool>{true, true, true}));
}

TEST(tempo, clicks_give_their_tempo) {
  for (const double bpm : {70.0, 82.0, 96.0, 120.0, 128.0, 140.0, 165.0}) {
    const auto tempo = estimate_tempo(clicks(bpm, 12.0));
    ASSERT_TRUE(tempo.has_value()) << bpm;
    EXPECT_NEAR(tempo->bpm, bpm, bpm * 0.01) << bpm;
    EXPECT_GT(tempo->strength, 0.3) << bpm;
  }
}

TEST(tempo, silence_has_none_and_noise_a_weak_one) {
  EXPECT_FALSE(estimate_tempo(silent_audio(48000, 2, 480000)));
  EXPECT_FALSE(estimate_tempo(clicks(120.0, 2.0)));
  const auto tempo = estimate_tempo(white_noise(0.5, 12.0, 48000, 2, 3));
  EXPECT_LT(tempo ? tempo->strength : 0.0, 0.25);
}

TEST(key, cadences_give_their_key) {
  const auto shifted = [](std::vector<std::vector<int>> notes, int by) {
    for (auto& chord : notes) {
      for (int& note : chord) note += by;
    }
    return notes;
  };
  const std::vector<std::vector<int>> c_major{
      {60, 64, 67}, {65, 69, 72}, {67, 71, 74}, {60, 64, 67}};
  const std::vector<std::vector<int>> a_minor{
      {57, 60, 64}, {62, 65, 69}, {64, 68, 71}, {57, 60, 64}};
  for (int by = 0; by < 12; ++by) {
    const auto major = estimate_key(chords(shifted(c_major, by), 1.0));
    ASSERT_TRUE(major.has_value());
    EXPECT_EQ(major->tonic, by) << major->name();
    EXPECT_FALSE(major->is_minor) << major->name();
    const auto minor = estimate_key(chords(shifted(a_minor, by), 1.0));
    ASSERT_TRUE(minor.has_value());
    EXPECT_EQ(minor->tonic, (9 + by) % 12) << minor->name();
    EXPECT_TRUE(minor->is_minor) << minor->name();
  }
  EXPECT_EQ(estimate_key(chords(c_major, 1.0))->name(), "C major");
  EXPECT_FALSE(estimate_key(silent_audio(48000, 2, 48000)));
}

TEST(chroma, follows_the_chords_and_tells_songs_apart) {
  const AudioBuffer song = chords({{60, 64, 67}, {62, 65, 69}}, 2.0);
  const FloatArray frames = chroma_frames(song, 0.5);
  EXPECT_GT(frames.row(1)[0], 0.2f);   // C in the first chord
  EXPECT_LT(frames.row(6)[0], 0.08f);  // and not in D minor
  EXPECT_GT(frames.row(6)[2], 0.2f);
  const Chroma same = average_chroma(chords({{72, 76, 79}, {50, 53, 57}}, 1.0));
  const Chroma other = average_chroma(chords({{61, 66, 70}, {63, 68, 71}}, 1.0));
  EXPECT_GT(chroma_correlation(average_chroma(song), same), 0.8);
  EXPECT_LT(chroma_correlation(average_chroma(song), other), 0.0);
}

}  // namespace
}  // namespace ams
