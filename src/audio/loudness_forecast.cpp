#include "audio/loudness_forecast.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "audio/level.h"

namespace ams {
namespace {

constexpr int64_t kStepStretches =
    100 / LoudnessProfile::kStretchMs;  // gating blocks start so often
constexpr int64_t kBlockSteps = 4;      // and are 400 ms long
constexpr double kAbsoluteGateLufs = -70.0;
constexpr double kRelativeGate = 0.1;  // -10 LU

double loudness_of(double energy) { return 10.0 * std::log10(energy) - 0.691; }

// Mean of the blocks that are louder than `gate`; 0 without any.
double gated_mean(const std::vector<double>& blocks, double gate) {
  double sum = 0.0;
  int64_t count = 0;
  for (const double energy : blocks) {
    if (energy < gate) continue;
    sum += energy;
    ++count;
  }
  return count > 0 ? sum / static_cast<double>(count) : 0.0;
}

double gated_loudness(const std::vector<double>& energies) {
  std::vector<double> steps;
  for (size_t i = 0; i + kStepStretches <= energies.size(); i += kStepStretches) {
    const auto first = energies.begin() + static_cast<std::ptrdiff_t>(i);
    steps.push_back(std::accumulate(first, first + kStepStretches, 0.0) / kStepStretches);
  }
  std::vector<double> blocks;
  for (size_t i = 0; i + kBlockSteps <= steps.size(); ++i) {
    const auto first = steps.begin() + static_cast<std::ptrdiff_t>(i);
    blocks.push_back(std::accumulate(first, first + kBlockSteps, 0.0) / kBlockSteps);
  }
  const double absolute_gate = std::pow(10.0, (kAbsoluteGateLufs + 0.691) / 10.0);
  const double relative_gate = kRelativeGate * gated_mean(blocks, absolute_gate);
  const double energy = gated_mean(blocks, std::max(absolute_gate, relative_gate));
  return energy > 0.0 ? loudness_of(energy) : -std::numeric_limits<double>::infinity();
}

}  // namespace

std::vector<float> thin_envelope(const std::vector<float>& envelope, int64_t stretch) {
  const int64_t stretches = static_cast<int64_t>(envelope.size()) / stretch;
  std::vector<float> peaks(static_cast<size_t>(stretches * LoudnessProfile::kPeaks), 0.0f);
  for (size_t i = 0; i < peaks.size(); ++i) {
    const auto part = static_cast<int64_t>(i);
    const int64_t begin = part * stretch / LoudnessProfile::kPeaks;
    const int64_t end = (part + 1) * stretch / LoudnessProfile::kPeaks;
    for (int64_t at = begin; at < end; ++at) {
      peaks[i] = std::max(peaks[i], envelope[static_cast<size_t>(at)]);
    }
  }
  return peaks;
}

double forecast_loudness(const LoudnessProfile& profile,
                         double gain_db,
                         const LimiterOptions& options) {
  constexpr double kPeaksPerSecond =
      1000.0 * static_cast<double>(LoudnessProfile::kPeaks) / LoudnessProfile::kStretchMs;
  const double song_gain = db_to_amplitude(gain_db);
  const std::vector<float> gains =
      limiter_gains(profile.envelope, static_cast<float>(song_gain), kPeaksPerSecond, options);
  std::vector<double> energies = profile.energies;
  constexpr auto kPeaks = static_cast<size_t>(LoudnessProfile::kPeaks);
  const size_t known = std::min(energies.size(), gains.size() / kPeaks);
  energies.resize(known);
  for (size_t i = 0; i < known; ++i) {
    double squares = 0.0;
    for (size_t k = 0; k < kPeaks; ++k) {
      const auto gain = static_cast<double>(gains[i * kPeaks + k]);
      squares += gain * gain;
    }
    energies[i] *= song_gain * song_gain * squares / static_cast<double>(kPeaks);
  }
  return gated_loudness(energies);
}

}  // namespace ams
