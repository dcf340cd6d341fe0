#include "audio/true_peak.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numbers>
#include <span>
#include <vector>

namespace ams {
namespace {

// One source for SSE2 and NEON, without FMA: the bits of a normalised song do not depend on the
// processor. Wider vectors would not shorten the wait, libebur128 on the other thread takes longer.
using Lanes [[gnu::vector_size(16)]] = float;

constexpr size_t kPhases = 3;              // positions 1/4, 2/4 and 3/4 between two samples
constexpr size_t kTaps = 32;               // samples that one interpolated value takes
constexpr size_t kBefore = kTaps / 2 - 1;  // of them before the position
constexpr size_t kLanes = sizeof(Lanes) / sizeof(float);
constexpr size_t kVectors = 3;  // per phase: nine sums fit the registers
constexpr size_t kTile = kLanes * kVectors;
constexpr size_t kBlock = kTile * 256;  // samples of a channel in the cache
using Interpolator = std::array<std::array<float, kPhases>, kTaps>;

// Windowed sinc: h[k] = sinc(k - t) * hann, each phase scaled to a sum of one.
Interpolator make_interpolator() {
  constexpr double kHalf = static_cast<double>(kTaps) / 2.0;
  Interpolator filter{};
  for (size_t p = 0; p < kPhases; ++p) {
    const double shift = static_cast<double>(p + 1) / static_cast<double>(kPhases + 1);
    double sum = 0.0;
    std::array<double, kTaps> taps{};
    for (size_t k = 0; k < kTaps; ++k) {
      const double x = static_cast<double>(k) - (kHalf - 1.0) - shift;
      const double window = 0.5 + 0.5 * std::cos(std::numbers::pi * x / (kHalf + 0.5));
      const double tap = std::sin(std::numbers::pi * x) / (std::numbers::pi * x) * window;
      taps[k] = tap;
      sum += tap;
    }
    for (size_t k = 0; k < kTaps; ++k) filter[k][p] = static_cast<float>(taps[k] / sum);
  }
  return filter;
}

Lanes load(const float* from) {
  Lanes value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

Lanes louder(Lanes level, Lanes value) {
  const Lanes magnitude = value < -value ? -value : value;
  return level > magnitude ? level : magnitude;
}

// Raises kTile values of `peaks`. samples[kBefore] is the first of them; kTaps + kTile are read.
void raise_tile(const Interpolator& filter, const float* samples, float* peaks) {
  std::array<std::array<Lanes, kVectors>, kPhases> sums{};
  for (size_t k = 0; k < kTaps; ++k) {
    for (size_t v = 0; v < kVectors; ++v) {
      const Lanes value = load(samples + k + v * kLanes);
      for (size_t p = 0; p < kPhases; ++p) sums[p][v] += filter[k][p] * value;
    }
  }
  for (size_t v = 0; v < kVectors; ++v) {
    Lanes level = louder(load(peaks + v * kLanes), load(samples + kBefore + v * kLanes));
    for (size_t p = 0; p < kPhases; ++p) level = louder(level, sums[p][v]);
    std::memcpy(peaks + v * kLanes, &level, sizeof level);
  }
}

// Raises `peaks[i]` to the largest level of one channel at sample i and before sample i + 1.
void track_peaks(std::span<const float> samples, std::vector<float>& peaks) {
  static const Interpolator kFilter = make_interpolator();
  if (samples.empty()) return;
  const auto length = static_cast<int64_t>(samples.size());
  std::array<float, kBlock + kTaps + kTile> near{};  // with the neighbours of a block, 0 outside
  std::array<float, kBlock> highest{};
  // The block before the first ends at it: of that only the rise to the first sample counts.
  for (int64_t start = -1; start < length; start += static_cast<int64_t>(kBlock)) {
    const int64_t begin = start - static_cast<int64_t>(kBefore);
    const int64_t end = std::min(length, begin + static_cast<int64_t>(near.size()));
    const int64_t first = std::max<int64_t>(0, begin);
    near.fill(0.0f);
    if (first < end) {
      std::copy(samples.begin() + first, samples.begin() + end, near.begin() + (first - begin));
    }
    highest.fill(0.0f);
    for (size_t i = 0; i < kBlock; i += kTile) raise_tile(kFilter, &near[i], &highest[i]);
    const int64_t last = std::min(length, start + static_cast<int64_t>(kBlock));
    for (int64_t i = start; i < last; ++i) {
      float& peak = peaks[static_cast<size_t>(std::max<int64_t>(0, i))];
      peak = std::max(peak, highest[static_cast<size_t>(i - start)]);
    }
  }
}

}  // namespace

std::vector<float> true_peak_envelope(const AudioBuffer& audio) {
  require_well_formed(audio, "audio to measure");
  std::vector<float> envelope(static_cast<size_t>(audio.length()), 0.0f);
  for (int64_t c = 0; c < audio.channels(); ++c) track_peaks(audio.channel(c), envelope);
  return envelope;
}

}  // namespace ams
