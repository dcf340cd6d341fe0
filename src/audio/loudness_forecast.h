// How loud a song will be behind the limiter, without making it: seconds become milliseconds.
// Module-private.
#pragma once

#include <cstdint>
#include <vector>

#include "audio/limiter.h"

namespace ams {

// A song as the forecast needs it, in stretches of kStretchMs.
struct LoudnessProfile {
  static constexpr int64_t kStretchMs = 2;

  std::vector<double> energies;  // K-weighted mean squares, summed over the channels (BS.1770)
  std::vector<float> envelope;   // highest true peaks, kPeaks to a stretch
  static constexpr int64_t kPeaks = 6;
};

// The highest of `envelope` in every kPeaks-th part of each stretch of `stretch` samples.
std::vector<float> thin_envelope(const std::vector<float>& envelope, int64_t stretch);

// Integrated loudness in LUFS of the song behind amplify_limited(); -infinity where BS.1770 gates
// everything. Within some hundredths of a LU of what is measured afterwards. Thread-safe.
double forecast_loudness(const LoudnessProfile& profile,
                         double gain_db,
                         const LimiterOptions& options);

}  // namespace ams
