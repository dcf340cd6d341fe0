// A song's outline for drawing.
#pragma once

#include <cstdint>
#include <vector>

#include "audio/audio_buffer.h"

namespace ams {

inline constexpr int64_t kMaxPeakColumns = 2000;

// Lowest and highest sample of each column, in [-1, 1], rounded to three decimals.
struct Peaks {
  std::vector<double> min;
  std::vector<double> max;
};

// Of the mean of all channels, at most `columns` columns of nearly equal length. Thread-safe.
Peaks measure_peaks(const AudioBuffer& audio, int64_t columns = kMaxPeakColumns);

}  // namespace ams
