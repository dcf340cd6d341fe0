#include "audio/analysis_spectrum.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>

#include "audio/fft.h"
#include "audio/level.h"
#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr double kNoPower = 1e-20;

std::vector<float> hann_window(int64_t size) {
  std::vector<float> window(static_cast<size_t>(size));
  for (size_t i = 0; i < window.size(); ++i) {
    const double phase =
        2.0 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size);
    window[i] = static_cast<float>(0.5 - 0.5 * std::cos(phase));
  }
  return window;
}

size_t strongest_bin(const Spectrum& spectrum) {
  return static_cast<size_t>(std::max_element(spectrum.power.begin(), spectrum.power.end()) -
                             spectrum.power.begin());
}

}  // namespace

PowerSpectrogram power_spectrogram(const AudioBuffer& audio,
                                   int64_t window_samples,
                                   int64_t hop_samples) {
  require_well_formed(audio, "audio to analyse");
  if (hop_samples < 1) {
    throw Error(ErrorCode::InvalidRequest, str("audio: hop of ", hop_samples, ", expected >= 1"));
  }
  RealFft fft(window_samples);
  const std::vector<float> mono = mono_mix(audio);
  const std::vector<float> window = hann_window(window_samples);
  const auto length = static_cast<int64_t>(mono.size());
  const int64_t frames =
      1 + (std::max<int64_t>(length - window_samples, 0) + hop_samples - 1) / hop_samples;
  PowerSpectrogram result;
  result.power = FloatArray({frames, fft.bins()});
  result.window_samples = window_samples;
  result.hop_samples = hop_samples;
  result.sample_rate = audio.sample_rate;
  // The window's sum is half its size; a sine of amplitude 1 shows half of that in each sideband.
  const float scale = 4.0f / static_cast<float>(window_samples);
  std::vector<float> frame(window.size());
  std::vector<std::complex<float>> bins(static_cast<size_t>(fft.bins()));
  for (int64_t f = 0; f < frames; ++f) {
    for (size_t i = 0; i < frame.size(); ++i) {
      const auto at = static_cast<size_t>(f * hop_samples) + i;
      frame[i] = at < mono.size() ? mono[at] * window[i] : 0.0f;
    }
    fft.forward(frame, bins);
    const auto power = result.power.row(f);
    for (size_t k = 0; k < bins.size(); ++k) power[k] = std::norm(bins[k] * scale);
  }
  return result;
}

Spectrum average_spectrum(const AudioBuffer& audio, int64_t window_samples) {
  const PowerSpectrogram spectrogram =
      power_spectrogram(audio, window_samples, std::max<int64_t>(1, window_samples / 2));
  Spectrum spectrum;
  spectrum.bin_hz = spectrogram.bin_hz();
  spectrum.power.resize(static_cast<size_t>(spectrogram.power.dim(1)), 0.0);
  // A last frame that reaches beyond the end would smear every tone by its hard cut.
  int64_t frames = spectrogram.power.dim(0);
  if (frames > 1 && (frames - 1) * spectrogram.hop_samples + window_samples > audio.length()) {
    --frames;
  }
  for (int64_t f = 0; f < frames; ++f) {
    const auto power = spectrogram.power.row(f);
    for (size_t k = 0; k < power.size(); ++k) {
      spectrum.power[k] += static_cast<double>(power[k]) / static_cast<double>(frames);
    }
  }
  return spectrum;
}

double band_level_db(const Spectrum& spectrum, double from_hz, double to_hz) {
  double power = 0.0;
  for (size_t k = 0; k < spectrum.power.size(); ++k) {
    const double frequency = static_cast<double>(k) * spectrum.bin_hz;
    if (frequency >= from_hz && frequency < to_hz) power += spectrum.power[k];
  }
  return power > 0.0 ? 10.0 * std::log10(power) : -std::numeric_limits<double>::infinity();
}

double bandwidth_hz(const Spectrum& spectrum, double range_db) {
  if (spectrum.power.empty()) return 0.0;
  const double strongest = spectrum.power[strongest_bin(spectrum)];
  if (strongest < kNoPower) return 0.0;
  const double least = strongest * std::pow(10.0, -range_db / 10.0);
  for (size_t k = spectrum.power.size(); k-- > 0;) {
    if (spectrum.power[k] >= least) return static_cast<double>(k) * spectrum.bin_hz;
  }
  return 0.0;
}

double strongest_frequency_hz(const Spectrum& spectrum) {
  if (spectrum.power.size() < 3) return 0.0;
  const size_t peak = std::clamp<size_t>(strongest_bin(spectrum), 1, spectrum.power.size() - 2);
  if (spectrum.power[peak] < kNoPower) return 0.0;
  const auto level = [&](size_t k) { return std::log(spectrum.power[k] + kNoPower); };
  const double curve = level(peak - 1) - 2.0 * level(peak) + level(peak + 1);
  const double shift = curve < 0.0 ? 0.5 * (level(peak - 1) - level(peak + 1)) / curve : 0.0;
  return (static_cast<double>(peak) + shift) * spectrum.bin_hz;
}

std::vector<bool> silent_frames(const AudioBuffer& audio,
                                int64_t frame_samples,
                                double threshold_dbfs) {
  require_well_formed(audio, "audio to analyse");
  if (frame_samples < 1) {
    throw Error(ErrorCode::InvalidRequest,
                str("audio: frames of ", frame_samples, " samples, expected >= 1"));
  }
  const auto threshold = static_cast<float>(db_to_amplitude(threshold_dbfs));
  const int64_t frames = (audio.length() + frame_samples - 1) / frame_samples;
  std::vector<bool> silent(static_cast<size_t>(frames), true);
  for (int64_t c = 0; c < audio.channels(); ++c) {
    const auto samples = audio.channel(c);
    for (size_t i = 0; i < samples.size(); ++i) {
      if (std::fabs(samples[i]) >= threshold)
        silent[i / static_cast<size_t>(frame_samples)] = false;
    }
  }
  return silent;
}

}  // namespace ams
