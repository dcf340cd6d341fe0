#include "audio/limiter.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "audio/level.h"
#include "audio/true_peak.h"
#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

// values[i] = min of values[i - reach .. i + reach], by van Herk's two running minima: a window of
// length w that starts in one stretch of w values is a rest of that and a beginning of the next.
void slide_minimum(std::vector<float>& values, int64_t reach) {
  const auto length = static_cast<int64_t>(values.size());
  const int64_t window = 2 * reach + 1;
  std::vector<float> rests(static_cast<size_t>(window));
  std::vector<float> beginnings(static_cast<size_t>(window));
  // Stretch s holds the values from s * window - reach on, 1 outside the song.
  const auto read_stretch = [&](int64_t begin, std::vector<float>& stretch) {
    std::fill(stretch.begin(), stretch.end(), 1.0f);
    const int64_t first = std::max<int64_t>(0, begin);
    const int64_t last = std::min(length, begin + window);
    if (first >= last) return;
    std::copy(values.begin() + first, values.begin() + last, stretch.begin() + (first - begin));
  };
  read_stretch(-reach, beginnings);
  for (int64_t start = 0; start < length; start += window) {
    rests.swap(beginnings);
    for (size_t i = rests.size() - 1; i > 0; --i) rests[i - 1] = std::min(rests[i - 1], rests[i]);
    // The next stretch is read before its first values are overwritten.
    read_stretch(start + window - reach, beginnings);
    const auto count = static_cast<size_t>(std::min(window, length - start));
    float* target = values.data() + start;
    float lowest = 1.0f;
    for (size_t i = 0; i < count; ++i) {
      target[i] = std::min(rests[i], lowest);
      lowest = std::min(lowest, beginnings[i]);
    }
  }
}

// Moving average over 2 * reach + 1 values; the gain outside the song is its nearest value.
void smooth(std::vector<float>& gains, int64_t reach) {
  const auto length = static_cast<int64_t>(gains.size());
  const double share = 1.0 / static_cast<double>(2 * reach + 1);
  const float last = gains.back();
  // The values from i - reach to i, which are overwritten before they leave the window.
  std::vector<float> passed(static_cast<size_t>(reach + 1), gains.front());
  size_t oldest = 0;
  double sum = static_cast<double>(gains.front()) * static_cast<double>(reach);
  for (int64_t i = 0; i <= reach; ++i) {
    sum += static_cast<double>(gains[static_cast<size_t>(std::min(i, length - 1))]);
  }
  for (int64_t i = 0; i < length; ++i) {
    float& gain = gains[static_cast<size_t>(i)];
    passed[oldest] = gain;
    oldest = oldest == passed.size() - 1 ? 0 : oldest + 1;
    gain = static_cast<float>(sum * share);
    const int64_t entering = i + reach + 1;
    const float next = entering < length ? gains[static_cast<size_t>(entering)] : last;
    sum += static_cast<double>(next) - static_cast<double>(passed[oldest]);
  }
}

}  // namespace

std::vector<float> limiter_gains(const std::vector<float>& envelope,
                                 float song_gain,
                                 double sample_rate,
                                 const LimiterOptions& options) {
  const auto ceiling = static_cast<float>(db_to_amplitude(options.ceiling_dbtp));
  std::vector<float> gains(envelope.size());
  float lowest = 1.0f;
  for (size_t i = 0; i < gains.size(); ++i) {
    gains[i] = std::min(1.0f, ceiling / (envelope[i] * song_gain));
    lowest = std::min(lowest, gains[i]);
  }
  if (lowest == 1.0f) return gains;
  const auto reach =
      std::max<int64_t>(1, static_cast<int64_t>(options.look_ahead_ms * 0.001 * sample_rate / 2.0));
  // The two averages below reach `reach` samples each, so the minimum must hold for both.
  slide_minimum(gains, 2 * reach);
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
