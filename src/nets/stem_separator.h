// A stereo mix -> its stems.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/array.h"

namespace ams {

struct SeparateOptions {
  double overlap = 0.25;  // share of a segment that two neighbours have in common, [0, 0.9]
  std::stop_token stop;   // checked before each segment
  std::function<void(int64_t done, int64_t total)> progress;  // may be empty
};

// HTDemucs (arXiv:2211.08553). Immutable weights; confined to the worker thread.
class StemSeparator {
 public:
  virtual ~StemSeparator() = default;

  virtual int64_t sample_rate() const = 0;                    // 44100 Hz
  virtual const std::vector<std::string>& stems() const = 0;  // "drums", "bass", "other", "vocals"

  // mix [2, N] at sample_rate() -> [stems, 2, N]: normalised by the mono mix's mean and deviation,
  // separated in overlapping segments, and scaled back. Throws InvalidRequest, OutOfMemory,
  // Cancelled.
  virtual FloatArray separate(const FloatArray& mix, const SeparateOptions& options) = 0;
};

}  // namespace ams
