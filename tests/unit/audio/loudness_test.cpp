// EBU Tech 3341 (2016) minimum requirements signals, made here, and normalisation.
#include "audio/loudness.h"

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "audio/level.h"
#include "base/str.h"
#include "unit/audio/test_signals.h"

namespace ams {
namespace {

constexpr int64_t kRate = 48000;

struct Segment {
  double dbfs;
  double seconds;
};

// Stereo 1 kHz sine with the peak level of each segment, phase continuous.
AudioBuffer tones(const std::vector<Segment>& segments, int64_t rate = kRate) {
  double total = 0.0;
  for (const Segment& segment : segments) total += segment.seconds;
  return from_function(total, rate, 2, [&](double t) {
    double end = 0.0;
    double amplitude = 0.0;
    for (const Segment& segment : segments) {
      amplitude = db_to_amplitude(segment.dbfs);
      end += segment.seconds;
      if (t < end) break;
    }
    return amplitude * std::sin(2.0 * std::numbers::pi * 1000.0 * t);
  });
}

double integrated(const AudioBuffer& audio) {
  return measure_loudness(audio).integrated_lufs.value_or(-999.0);
}

TEST(loudness, ebu_tech_3341_cases_1_to_5) {
  EXPECT_NEAR(integrated(tones({{-23.0, 20.0}})), -23.0, 0.1);
  EXPECT_NEAR(integrated(tones({{-33.0, 20.0}})), -33.0, 0.1);
  EXPECT_NEAR(integrated(tones({{-36.0, 10.0}, {-23.0, 60.0}, {-36.0, 10.0}})), -23.0, 0.1);
  EXPECT_NEAR(integrated(tones(
                  {{-72.0, 10.0}, {-36.0, 10.0}, {-23.0, 60.0}, {-36.0, 10.0}, {-72.0, 10.0}})),
              -23.0,
              0.1);
  EXPECT_NEAR(integrated(tones({{-26.0, 20.0}, {-20.0, 20.1}, {-26.0, 20.0}})), -23.0, 0.1);
}

TEST(loudness, sample_rates_agree) {
  for (const int64_t rate : {8000, 44100, 96000, 192000}) {
    EXPECT_NEAR(integrated(tones({{-23.0, 10.0}}, rate)), -23.0, 0.1) << rate;
  }
}

// Tech 3341 cases 15 to 19: sines at a quarter and a third of the rate whose samples miss the peak.
TEST(loudness, ebu_tech_3341_true_peak) {
  const auto peak = [](double cycles, double degrees, double amplitude) {
    const AudioBuffer audio = from_function(1.0, kRate, 2, [&](double t) {
      const double phase = cycles * t * static_cast<double>(kRate) + degrees / 360.0;
      // A slow start, since the true peak of a step is higher than its sine.
      return amplitude * std::min(1.0, 20.0 * t) * std::min(1.0, 20.0 * (1.0 - t)) *
             std::sin(2.0 * std::numbers::pi * phase);
    });
    return measure_loudness(audio).true_peak_dbtp.value_or(-999.0);
  };
  // Tolerance of the standard: +0.2 / -0.4 dB.
  for (const auto& [cycles, degrees, amplitude, expected] : {std::array{0.25, 0.0, 0.5, -6.0},
                                                             std::array{0.25, 45.0, 0.5, -6.0},
                                                             std::array{1.0 / 6.0, 60.0, 0.5, -6.0},
                                                             std::array{0.125, 67.5, 0.5, -6.0},
                                                             std::array{0.25, 45.0, 1.41, 3.0}}) {
    const double measured = peak(cycles, degrees, amplitude);
    EXPECT_LT(measured, expected + 0.2) << cycles << " " << degrees;
    EXPECT_GT(measured, expected - 0.4) << cycles << " " << degrees;
  }
}

// EBU Tech 3342 cases 1 to 3.
TEST(loudness, ebu_tech_3342_range) {
  EXPECT_NEAR(measure_loudness(tones({{-20.0, 20.0}, {-30.0, 20.0}})).range_lu.value(), 10.0, 1.0);
  EXPECT_NEAR(measure_loudness(tones({{-20.0, 20.0}, {-15.0, 20.0}})).range_lu.value(), 5.0, 1.0);
  EXPECT_NEAR(measure_loudness(tones({{-40.0, 20.0}, {-20.0, 20.0}})).range_lu.value(), 20.0, 1.0);
}

TEST(loudness, silence_and_very_short_audio_have_none) {
  EXPECT_FALSE(measure_loudness(silent_audio(kRate, 2, kRate)).integrated_lufs);
  EXPECT_FALSE(measure_loudness(silent_audio(kRate, 2, kRate)).true_peak_dbtp);
  EXPECT_FALSE(measure_loudness(tones({{-20.0, 0.3}})).integrated_lufs);
}

TEST(normalise, reaches_each_target_within_a_tenth) {
  for (const double from : {-40.0, -33.0, -23.0, -16.0}) {
    for (const double target : {-23.0, -16.0, -14.0}) {
      const NormalisedAudio result =
          normalise_loudness(tones({{from, 5.0}}), {.integrated_lufs = target});
      EXPECT_NEAR(integrated(result.audio), target, 0.1) << from << " to " << target;
      EXPECT_NEAR(result.before.integrated_lufs.value(), from, 0.1);
      EXPECT_DOUBLE_EQ(result.after.integrated_lufs.value(), integrated(result.audio));
      EXPECT_EQ(result.reduction_db, 0.0);
    }
  }
}

// Drum-like bursts over a bed: a high crest factor, so that -14 LUFS needs the limiter.
AudioBuffer percussive(double seconds) {
  AudioBuffer audio = white_noise(1.0, seconds, kRate, 2, 21);
  for (int64_t c = 0; c < 2; ++c) {
    const auto samples = audio.channel(c);
    for (size_t i = 0; i < samples.size(); ++i) {
      const double beat = std::fmod(static_cast<double>(i) / kRate, 0.5);
      samples[i] *= static_cast<float>(0.12 + 0.85 * std::exp(-beat * 25.0));
    }
  }
  return audio;
}

TEST(normalise, limiter_holds_the_true_peak_and_still_reaches_the_target) {
  const AudioBuffer audio = percussive(20.0);
  const NormalisedAudio result = normalise_loudness(audio, {});
  EXPECT_GT(result.before.true_peak_dbtp.value() + result.gain_db, -1.0) << "not a hard case";
  EXPECT_GT(result.reduction_db, 1.0);
  EXPECT_LE(result.after.true_peak_dbtp.value(), -1.0);
  EXPECT_NEAR(result.after.integrated_lufs.value(), -14.0, 0.1);
  EXPECT_EQ(result.audio.length(), audio.length());
}

TEST(normalise, what_cannot_be_reached_is_reported_and_the_ceiling_holds) {
  const NormalisedAudio result =
      normalise_loudness(percussive(10.0), {.integrated_lufs = -3.0, .ceiling_dbtp = -2.0});
  EXPECT_LE(result.after.true_peak_dbtp.value(), -2.0);
  EXPECT_LT(result.after.integrated_lufs.value(), -3.5);
  EXPECT_DOUBLE_EQ(result.after.integrated_lufs.value(), integrated(result.audio));
}

TEST(normalise, the_source_is_not_altered_and_runs_agree) {
  const AudioBuffer audio = percussive(3.0);
  const AudioBuffer copy = audio;
  const NormalisedAudio first = normalise_loudness(audio, {});
  EXPECT_EQ(audio.samples, copy.samples);
  EXPECT_EQ(normalise_loudness(audio, {}).audio.samples, first.audio.samples);
}

TEST(normalise, refuses_silence_short_audio_and_bad_targets) {
  EXPECT_EQ(error_of([] { normalise_loudness(silent_audio(kRate, 2, kRate), {}); }).code(),
            ErrorCode::InvalidRequest);
  EXPECT_EQ(error_of([] {
              normalise_loudness(tones({{-20.0, 0.39}}), {});
            }).code(),
            ErrorCode::InvalidRequest);
  const AudioBuffer audio = tones({{-20.0, 1.0}});
  EXPECT_EQ(error_of([&] { normalise_loudness(audio, {.integrated_lufs = 1.0}); }).code(),
            ErrorCode::InvalidRequest);
  EXPECT_EQ(error_of([&] { normalise_loudness(audio, {.ceiling_dbtp = std::nan("")}); }).code(),
            ErrorCode::InvalidRequest);
}

TEST(normalise, ffmpeg_measures_the_same) {
  if (!has_program("sox") || !has_program("ffmpeg")) GTEST_SKIP() << "ffmpeg is not installed";
  const TemporaryFolder folder;
  const NormalisedAudio result = normalise_loudness(percussive(10.0), {});
  WavParts parts;
  parts.format_tag = 3;
  parts.bits = 32;
  parts.channels = 2;
  std::vector<float> interleaved;
  for (size_t i = 0; i < static_cast<size_t>(result.audio.length()); ++i) {
    interleaved.push_back(result.audio.channel(0)[i]);
    interleaved.push_back(result.audio.channel(1)[i]);
  }
  parts.data = float32(interleaved);
  write_file(folder / "a.wav", wav_bytes(parts));
  const std::string text = output_of(str("ffmpeg -hide_banner -nostats -i ",
                                         (folder / "a.wav").string(),
                                         " -af ebur128=peak=true -f null - 2>&1 | tail -15"));
  const double level = std::stod(text.substr(text.find("I:") + 2));
  const double peak = std::stod(text.substr(text.find("Peak:") + 5));
  EXPECT_NEAR(level, -14.0, 0.15) << text;
  EXPECT_LE(peak, -0.9) << text;
}

}  // namespace
}  // namespace ams
