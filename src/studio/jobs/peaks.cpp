#include "studio/jobs/peaks.h"

#include <algorithm>
#include <cmath>

namespace ams {
namespace {

constexpr double kSteps = 1000.0;  // three decimals

double rounded(float value) {
  return std::round(std::clamp(static_cast<double>(value), -1.0, 1.0) * kSteps) / kSteps;
}

}  // namespace

Peaks measure_peaks(const AudioBuffer& audio, int64_t columns) {
  const std::vector<float> mix = mono_mix(audio);
  const auto length = static_cast<int64_t>(mix.size());
  const int64_t count = std::min(columns, length);
  Peaks peaks;
  for (int64_t column = 0; column < count; ++column) {
    const auto begin = mix.begin() + column * length / count;
    const auto end = mix.begin() + (column + 1) * length / count;
    const auto [lowest, highest] = std::minmax_element(begin, end);
    peaks.min.push_back(rounded(*lowest));
    peaks.max.push_back(rounded(*highest));
  }
  return peaks;
}

}  // namespace ams
