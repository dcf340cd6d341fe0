#include "audio/limiter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include "audio/level.h"
#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr int64_t kPhases = 3;  // positions 1/4, 2/4 and 3/4 between two samples
constexpr int64_t kTaps = 32;   // samples that one interpolated value takes
using Interpolator = std::array<std::array<float, kTaps>, kPhases>;

// Windowed sinc: h[k] = sinc(k - t) * hann, each phase scaled to a sum of one.
Interpolator make_interpolator() {
  constexpr int64_t kHalf = kTaps / 2;
  Interpolator phases{};
  for (int64_t p = 0; p < kPhases; ++p) {
    const double shift = static_cast<double>(p + 1) / (kPhases + 1);
    double sum = 0.0;
    std::array<double, kTaps> taps{};
    for (int64_t k = 0; k < kTaps; ++k) {
      const double x = static_cast<double>(k - (kHalf - 1)) - shift;
      const double window = 0.5 + 0.5 * std::cos(std::numbers::pi * x / (kHalf + 0.5));
      const double tap = std::sin(std::numbers::pi * x) / (std::numbers::pi * x) * window;
      taps[static_cast<size_t>(k)] = tap;
      sum += tap;
    }
    for (size_t k = 0; k < taps.size(); ++k) {
      phases[static_cast<size_t>(p)][k] = static_cast<float>(taps[k] / sum);
    }
  }
  return phases;
}

// Raises `peaks[i]` to the largest level of one channel at sample i and before sample i + 1.
void track_peaks(std::span<const float> samples, std::vector<float>& peaks) {
  static const Interpolator kInterpolator = make_interpolator();
  constexpr size_t kBefore = kTaps / 2 - 1;
  constexpr size_t kBlock = 512;  // loops of a fixed length are the ones compilers vectorise
  std::vector<float> padded(kBefore, 0.0f);
  padded.insert(padded.end(), samples.begin(), samples.end());
  padded.insert(padded.end(), kTaps + kBlock, 0.0f);
  std::array<float, kBlock> values{};
  std::array<float, kBlock> highest{};
  for (size_t start = 0; start < samples.size(); start += kBlock) {
    const float* now = padded.data() + start + kBefore;
    for (size_t i = 0; i < kBlock; ++i) highest[i] = std::fabs(now[i]);
    for (const auto& taps : kInterpolator) {
      values.fill(0.0f);
      for (size_t k = 0; k < kTaps; ++k) {
        const float* shifted = padded.data() + start + k;
        for (size_t i = 0; i < kBlock; ++i) values[i] += taps[k] * shifted[i];
      }
      for (size_t i = 0; i < kBlock; ++i) highest[i] = std::max(highest[i], std::fabs(values[i]));
    }
    const size_t count = std::min(kBlock, samples.size() - start);
    for (size_t i = 0; i < count; ++i) {
      peaks[start + i] = std::max(peaks[start + i], highest[i]);
    }
  }
}

// result[i] = min of values[i - reach .. i + reach], by van Herk's two running minima per block.
std::vector<float> sliding_minimum(const std::vector<float>& values, int64_t reach) {
  const auto length = static_cast<int64_t>(values.size());
  const int64_t window = 2 * reach + 1;
  const int64_t padded_length = (length + 2 * reach + window - 1) / window * window;
  std::vector<float> forward(static_cast<size_t>(padded_length), 1.0f);
  std::copy(values.begin(), values.end(), forward.begin() + reach);
  std::vector<float> backward = forward;
  for (int64_t i = 1; i < padded_length; ++i) {
    const auto at = static_cast<size_t>(i);
    if (i % window != 0) forward[at] = std::min(forward[at], forward[at - 1]);
    const auto mirrored = static_cast<size_t>(padded_length - 1 - i);
    if (i % window != 0) backward[mirrored] = std::min(backward[mirrored], backward[mirrored + 1]);
  }
  std::vector<float> result(values.size());
  for (int64_t i = 0; i < length; ++i) {
    result[static_cast<size_t>(i)] =
        std::min(backward[static_cast<size_t>(i)], forward[static_cast<size_t>(i + window - 1)]);
  }
  return result;
}

// Moving average over 2 * reach + 1 values; the gain outside the song is its nearest value.
void smooth(std::vector<float>& gains, int64_t reach) {
  const auto length = static_cast<int64_t>(gains.size());
  const auto at = [&](int64_t i) {
    return static_cast<double>(gains[static_cast<size_t>(std::clamp<int64_t>(i, 0, length - 1))]);
  };
  double sum = 0.0;
  for (int64_t i = -reach; i <= reach; ++i) sum += at(i);
  std::vector<float> result(gains.size());
  for (int64_t i = 0; i < length; ++i) {
    result[static_cast<size_t>(i)] = static_cast<float>(sum / static_cast<double>(2 * reach + 1));
    sum += at(i + reach + 1) - at(i - reach);
  }
  gains.swap(result);
}

// The limiter's gain for each sample; all 1 where nothing is above the ceiling.
std::vector<float> limiter_gains(const std::vector<float>& envelope,
                                 float song_gain,
                                 double sample_rate,
                                 const LimiterOptions& options) {
  const auto ceiling = static_cast<float>(db_to_amplitude(options.ceiling_dbtp));
  std::vector<float> gains(envelope.size(), 1.0f);
  bool is_over = false;
  for (size_t i = 0; i < gains.size(); ++i) {
    const float peak = envelope[i] * song_gain;
    if (peak <= ceiling) continue;
    gains[i] = ceiling / peak;
    is_over = true;
  }
  if (!is_over) return gains;
  const auto reach =
      std::max<int64_t>(1, static_cast<int64_t>(options.look_ahead_ms * 0.001 * sample_rate / 2.0));
  // The two averages below reach `reach` samples each, so the minimum must hold for both.
  gains = sliding_minimum(gains, 2 * reach);
  const double release_samples = std::max(1.0, options.release_ms * 0.001 * sample_rate);
  const auto recovery = static_cast<float>(1.0 - std::exp(-1.0 / release_samples));
  float level = 1.0f;
  for (float& gain : gains) {
    level = std::min(gain, level + (1.0f - level) * recovery);
    gain = level;
  }
  // Two moving averages make a triangular window: a gain without corners.
  smooth(gains, reach);
  smooth(gains, reach);
  return gains;
}

}  // namespace

std::vector<float> true_peak_envelope(const AudioBuffer& audio) {
  require_well_formed(audio, "audio to limit");
  std::vector<float> envelope(static_cast<size_t>(audio.length()), 0.0f);
  for (int64_t c = 0; c < audio.channels(); ++c) track_peaks(audio.channel(c), envelope);
  return envelope;
}

double amplify_limited(AudioBuffer& audio,
                       const std::vector<float>& envelope,
                       double gain_db,
                       const LimiterOptions& options) {
  if (!(options.ceiling_dbtp <= 0.0)) {
    throw Error(ErrorCode::InvalidRequest,
                str("audio: true-peak ceiling ", options.ceiling_dbtp, " dBTP, expected <= 0"));
  }
  if (static_cast<int64_t>(envelope.size()) != audio.length()) {
    throw Error(ErrorCode::Internal, "audio: the limiter's envelope is of another song");
  }
  const auto song_gain = static_cast<float>(db_to_amplitude(gain_db));
  const std::vector<float> gains =
      limiter_gains(envelope, song_gain, static_cast<double>(audio.sample_rate), options);
  for (int64_t c = 0; c < audio.channels(); ++c) {
    const auto samples = audio.channel(c);
    for (size_t i = 0; i < samples.size(); ++i) samples[i] *= song_gain * gains[i];
  }
  return gains.empty() ? 1.0 : static_cast<double>(*std::min_element(gains.begin(), gains.end()));
}

double limit_true_peak(AudioBuffer& audio, const LimiterOptions& options) {
  return amplify_limited(audio, true_peak_envelope(audio), 0.0, options);
}

}  // namespace ams
