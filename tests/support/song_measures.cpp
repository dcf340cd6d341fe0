#include "support/song_measures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "audio/analysis_key.h"
#include "audio/analysis_spectrum.h"

namespace ams {
namespace {

constexpr int64_t kHop = 480;

// Summed rises of the compressed magnitudes from frame to frame, less their mean of one second.
std::vector<double> onset_strength(const AudioBuffer& audio) {
  const PowerSpectrogram spectrogram = power_spectrogram(audio, 2048, kHop);
  const int64_t frames = spectrogram.power.dim(0);
  std::vector<double> rises;
  for (int64_t f = 1; f < frames; ++f) {
    const auto now = spectrogram.power.row(f), before = spectrogram.power.row(f - 1);
    double sum = 0.0;
    for (size_t k = 0; k < now.size(); ++k) {
      // 512: what a full-scale sine, whose power is 1, gives through a Hann window of 2048.
      const auto level = [](float power) { return std::log1p(100.0 * 512.0 * std::sqrt(power)); };
      sum += std::max(0.0, level(now[k]) - level(before[k]));
    }
    rises.push_back(sum);
  }
  constexpr int64_t kSecond = 48000 / kHop;
  const auto count = static_cast<int64_t>(rises.size());
  std::vector<double> result(rises.size());
  for (int64_t i = 0; i < count; ++i) {
    const int64_t begin = std::max<int64_t>(0, i - kSecond / 2);
    const int64_t end = std::min(count, i + kSecond / 2);
    double mean = 0.0;
    for (int64_t j = begin; j < end; ++j) mean += rises[static_cast<size_t>(j)];
    result[static_cast<size_t>(i)] = rises[static_cast<size_t>(i)] - mean / kSecond;
  }
  return result;
}

double product_at_lag(const std::vector<double>& values, size_t lag) {
  double sum = 0.0;
  for (size_t i = 0; i + lag < values.size(); ++i) sum += values[i] * values[i + lag];
  return sum;
}

}  // namespace

double tempo_of(const AudioBuffer& audio) {
  const std::vector<double> onsets = onset_strength(audio);
  std::vector<double> products;  // up to four beats of the slowest tempo
  for (size_t lag = 0; lag < std::min<size_t>(onsets.size(), 402); ++lag) {
    products.push_back(product_at_lag(onsets, lag));
  }
  double best = 0.0, best_bpm = 0.0;
  for (double bpm = 60.0; bpm <= 180.0; bpm += 0.5) {
    double score = 0.0;
    for (const int beats : {1, 2, 4}) {
      const double at = 60.0 / bpm * 48000.0 / kHop * beats;
      const auto low = static_cast<size_t>(at);
      if (low + 2 >= products.size()) continue;
      const double part = at - static_cast<double>(low);
      score += (products[low] * (1.0 - part) + products[low + 1] * part) / std::pow(beats, 0.2);
    }
    const double octaves = std::log2(bpm / 115.0);
    score *= std::exp(-0.5 * octaves * octaves);
    if (score > best) {
      best = score;
      best_bpm = bpm;
    }
  }
  return best_bpm;
}

bool has_tempo(const AudioBuffer& audio, double bpm) {
  const double found = tempo_of(audio);
  constexpr std::array kFactors{0.5, 1.0, 2.0};
  return std::any_of(kFactors.begin(), kFactors.end(), [&](double factor) {
    return std::fabs(found * factor / bpm - 1.0) <= 0.04;
  });
}

double silent_share(const AudioBuffer& audio) {
  const std::vector<bool> silent = silent_frames(audio, 2400);
  return static_cast<double>(std::count(silent.begin(), silent.end(), true)) /
         static_cast<double>(silent.size());
}

double harmony_likeness(const AudioBuffer& a, const AudioBuffer& b) {
  const FloatArray first = chroma_frames(a, 0.5), second = chroma_frames(b, 0.5);
  const int64_t frames = std::min(first.dim(0), second.dim(0));
  double sum = 0.0;
  for (int64_t f = 0; f < frames; ++f) {
    Chroma x{}, y{};
    std::copy_n(first.row(f).begin(), x.size(), x.begin());
    std::copy_n(second.row(f).begin(), y.size(), y.begin());
    sum += chroma_correlation(x, y);
  }
  return sum / static_cast<double>(frames);
}

}  // namespace ams
