#include "audio/analysis_tempo.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "audio/analysis_spectrum.h"

namespace ams {
namespace {

constexpr double kLeastBpm = 40.0;
constexpr double kMostBpm = 240.0;
constexpr double kPreferredBpm = 120.0;
constexpr double kMinSeconds = 3.0;
constexpr double kFrameRate = 100.0;  // Hz, about
constexpr float kPowerFloor = 1e-6f;  // -60 dBFS: quieter changes are no onsets

// Normalised autocorrelation of a zero-mean series at `lag`, in [-1, 1], unbiased by length.
double correlation(const std::vector<double>& series, size_t lag, double energy) {
  if (lag >= series.size() || energy <= 0.0) return 0.0;
  const double sum = std::inner_product(
      series.begin() + static_cast<std::ptrdiff_t>(lag), series.end(), series.begin(), 0.0);
  return sum / energy * static_cast<double>(series.size()) /
         static_cast<double>(series.size() - lag);
}

double preference(double bpm) {
  const double octaves = std::log2(bpm / kPreferredBpm);
  return std::exp(-0.5 * octaves * octaves);
}

}  // namespace

OnsetEnvelope onset_envelope(const AudioBuffer& audio) {
  const auto hop = std::max<int64_t>(
      1, static_cast<int64_t>(static_cast<double>(audio.sample_rate) / kFrameRate));
  const PowerSpectrogram spectrogram = power_spectrogram(audio, 1024, hop);
  OnsetEnvelope envelope;
  envelope.rate = spectrogram.frame_rate();
  envelope.strength.assign(static_cast<size_t>(spectrogram.power.dim(0)), 0.0f);
  std::vector<float> rises(envelope.strength.size(), 0.0f);
  for (int64_t f = 1; f < spectrogram.power.dim(0); ++f) {
    const auto before = spectrogram.power.row(f - 1);
    const auto now = spectrogram.power.row(f);
    float rise = 0.0f;
    for (size_t k = 0; k < now.size(); ++k) {
      rise += std::max(0.0f, std::log((now[k] + kPowerFloor) / (before[k] + kPowerFloor)));
    }
    rises[static_cast<size_t>(f)] = rise;
  }
  // Wider onsets: a period that is no whole number of frames correlates as well as one that is.
  constexpr std::array<float, 5> kSmoothing{1.0f / 9, 2.0f / 9, 3.0f / 9, 2.0f / 9, 1.0f / 9};
  for (size_t f = 2; f + 2 < rises.size(); ++f) {
    for (size_t k = 0; k < kSmoothing.size(); ++k) {
      envelope.strength[f] += kSmoothing[k] * rises[f + k - 2];
    }
  }
  return envelope;
}

std::optional<Tempo> estimate_tempo(const AudioBuffer& audio) {
  if (audio.seconds() < kMinSeconds) return std::nullopt;
  const OnsetEnvelope envelope = onset_envelope(audio);
  const double mean = std::accumulate(envelope.strength.begin(), envelope.strength.end(), 0.0) /
                      static_cast<double>(envelope.strength.size());
  std::vector<double> series;
  for (const float value : envelope.strength) series.push_back(static_cast<double>(value) - mean);
  const double energy = std::inner_product(series.begin(), series.end(), series.begin(), 0.0);
  if (energy < 1e-6) return std::nullopt;

  const auto shortest = static_cast<size_t>(std::floor(60.0 / kMostBpm * envelope.rate));
  const auto longest =
      std::min(series.size() - 2, static_cast<size_t>(std::ceil(60.0 / kLeastBpm * envelope.rate)));
  std::vector<double> values(longest + 2, 0.0);
  for (size_t lag = shortest - 1; lag < values.size(); ++lag) {
    values[lag] = correlation(series, lag, energy);
  }
  size_t best = 0;
  double best_score = 0.0;
  for (size_t lag = shortest; lag <= longest; ++lag) {
    const double score = values[lag] * preference(60.0 * envelope.rate / static_cast<double>(lag));
    if (score <= best_score) continue;
    best = lag;
    best_score = score;
  }
  if (best == 0) return std::nullopt;
  // Refined on a multiple of the period, where one frame is a smaller share of the lag.
  double period = static_cast<double>(best);
  for (size_t beats = 1; beats <= 8; beats *= 2) {
    const auto centre = static_cast<size_t>(std::lround(period * static_cast<double>(beats)));
    if (centre + 2 >= series.size() / 2 || centre < 2) break;
    const double left = correlation(series, centre - 1, energy);
    const double middle = correlation(series, centre, energy);
    const double right = correlation(series, centre + 1, energy);
    const double curve = left - 2.0 * middle + right;
    const double shift = curve < 0.0 ? std::clamp(0.5 * (left - right) / curve, -1.0, 1.0) : 0.0;
    period = (static_cast<double>(centre) + shift) / static_cast<double>(beats);
  }
  return Tempo{60.0 * envelope.rate / period, values[best]};
}

}  // namespace ams
