#include "audio/loudness.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <memory>
#include <vector>

#include <ebur128.h>

#include "audio/level.h"
#include "audio/limiter.h"
#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr double kToleranceLu = 0.02;
constexpr double kToleranceDb = 0.01;
// The meter interpolates with another filter than the limiter and may read peaks this much higher.
constexpr double kCeilingMarginDb = 0.1;
constexpr double kMostMakeUpDb = 6.0;
constexpr int kMostPasses = 6;    // of a higher gain
constexpr int kMostAttempts = 3;  // of a lower ceiling
constexpr int64_t kBlockSamples = 1 << 14;
constexpr double kMinSeconds = 0.4;  // one gating block

struct MeterDeleter {
  void operator()(ebur128_state* state) const { ebur128_destroy(&state); }
};
using Meter = std::unique_ptr<ebur128_state, MeterDeleter>;

Meter run_meter(const AudioBuffer& audio, int mode) {
  require_well_formed(audio, "audio to measure");
  Meter meter(ebur128_init(static_cast<unsigned>(audio.channels()),
                           static_cast<unsigned long>(audio.sample_rate),
                           mode));
  if (!meter) {
    throw Error(ErrorCode::InvalidRequest,
                str("audio: cannot measure the loudness of ",
                    audio.channels(),
                    " channels at ",
                    audio.sample_rate,
                    " Hz"));
  }
  const int64_t channels = audio.channels();
  std::vector<float> interleaved;
  for (int64_t start = 0; start < audio.length(); start += kBlockSamples) {
    const int64_t count = std::min(kBlockSamples, audio.length() - start);
    interleaved.resize(static_cast<size_t>(count * channels));
    for (int64_t c = 0; c < channels; ++c) {
      const auto source = audio.channel(c);
      for (int64_t i = 0; i < count; ++i) {
        interleaved[static_cast<size_t>(i * channels + c)] = source[static_cast<size_t>(start + i)];
      }
    }
    if (ebur128_add_frames_float(meter.get(), interleaved.data(), static_cast<size_t>(count)) !=
        EBUR128_SUCCESS) {
      throw Error(ErrorCode::OutOfMemory, "audio: no memory to measure the loudness");
    }
  }
  return meter;
}

std::optional<double> finite(double value) {
  return std::isfinite(value) ? std::optional<double>(value) : std::nullopt;
}

std::optional<double> integrated(const Meter& meter) {
  double value = 0.0;
  if (ebur128_loudness_global(meter.get(), &value) != EBUR128_SUCCESS) return std::nullopt;
  return finite(value);
}

struct Peaks {
  double true_peak = 0.0;
  double sample_peak = 0.0;
};

// Largest of the channels first <= c < last; each has a meter of its own.
Peaks channel_peaks(const AudioBuffer& audio, int64_t first, int64_t last) {
  Peaks peaks;
  for (int64_t c = first; c < last; ++c) {
    AudioBuffer mono = silent_audio(audio.sample_rate, 1, audio.length());
    std::copy(audio.channel(c).begin(), audio.channel(c).end(), mono.channel(0).begin());
    const Meter meter = run_meter(mono, EBUR128_MODE_TRUE_PEAK);
    double value = 0.0;
    if (ebur128_true_peak(meter.get(), 0, &value) == EBUR128_SUCCESS) {
      peaks.true_peak = std::max(peaks.true_peak, value);
    }
    if (ebur128_sample_peak(meter.get(), 0, &value) == EBUR128_SUCCESS) {
      peaks.sample_peak = std::max(peaks.sample_peak, value);
    }
  }
  return peaks;
}

void scale(AudioBuffer& audio, double gain_db) {
  const auto gain = static_cast<float>(db_to_amplitude(gain_db));
  for (float& sample : audio.samples.data) sample *= gain;
}

void check(const LoudnessTarget& target) {
  if (!(target.integrated_lufs >= -70.0 && target.integrated_lufs <= 0.0)) {
    throw Error(ErrorCode::InvalidRequest,
                str("audio: loudness target ", target.integrated_lufs, " LUFS, expected -70 to 0"));
  }
  if (!(target.ceiling_dbtp >= -20.0 && target.ceiling_dbtp <= 0.0)) {
    throw Error(ErrorCode::InvalidRequest,
                str("audio: true-peak ceiling ", target.ceiling_dbtp, " dBTP, expected -20 to 0"));
  }
}

// Gain and limiter, again with a higher gain until the level is met.
void limit_to_target(const AudioBuffer& audio,
                     const std::vector<float>& envelope,
                     double target_lufs,
                     const LimiterOptions& limiter,
                     NormalisedAudio& result) {
  const double plain_gain_db = target_lufs - *result.before.integrated_lufs;
  const double most_gain_db = plain_gain_db + kMostMakeUpDb;
  for (int pass = 0; pass < kMostPasses; ++pass) {
    result.audio = audio;
    const double lowest = amplify_limited(result.audio, envelope, result.gain_db, limiter);
    result.reduction_db = -amplitude_to_db(lowest);
    const double level = integrated(run_meter(result.audio, EBUR128_MODE_I)).value_or(-70.0);
    const double missing = std::min(target_lufs - level, most_gain_db - result.gain_db);
    if (missing < kToleranceLu) return;
    // The more the limiter works, the less of a higher gain arrives.
    result.gain_db = std::min(most_gain_db, result.gain_db + 1.2 * missing);
  }
}

}  // namespace

Loudness measure_loudness(const AudioBuffer& audio) {
  require_well_formed(audio, "audio to measure");
  // Oversampling for true peaks takes most of the time: half of it runs beside the rest.
  auto other_peaks = std::async(std::launch::async,
                                [&audio] { return channel_peaks(audio, 1, audio.channels()); });
  const Meter meter = run_meter(audio, EBUR128_MODE_I | EBUR128_MODE_LRA);
  Peaks peaks = channel_peaks(audio, 0, 1);
  const Peaks others = other_peaks.get();
  peaks.true_peak = std::max(peaks.true_peak, others.true_peak);
  peaks.sample_peak = std::max(peaks.sample_peak, others.sample_peak);

  Loudness loudness;
  loudness.integrated_lufs = integrated(meter);
  double range = 0.0;
  if (loudness.integrated_lufs && ebur128_loudness_range(meter.get(), &range) == EBUR128_SUCCESS) {
    loudness.range_lu = finite(range);
  }
  loudness.true_peak_dbtp = finite(amplitude_to_db(peaks.true_peak));
  loudness.sample_peak_dbfs = finite(amplitude_to_db(peaks.sample_peak));
  return loudness;
}

NormalisedAudio normalise_loudness(const AudioBuffer& audio, const LoudnessTarget& target) {
  check(target);
  NormalisedAudio result;
  result.before = measure_loudness(audio);
  if (!result.before.integrated_lufs || audio.seconds() < kMinSeconds) {
    throw Error(ErrorCode::InvalidRequest,
                str("audio: the loudness of ",
                    audio.seconds(),
                    " s of audio cannot be measured; it is silent or shorter than 0.4 s"));
  }
  result.gain_db = target.integrated_lufs - *result.before.integrated_lufs;
  if (result.before.true_peak_dbtp.value_or(-70.0) + result.gain_db <= target.ceiling_dbtp) {
    result.audio = audio;
    scale(result.audio, result.gain_db);
    result.after = measure_loudness(result.audio);
    return result;
  }
  LimiterOptions limiter;
  limiter.ceiling_dbtp = target.ceiling_dbtp - kCeilingMarginDb;
  const std::vector<float> envelope = true_peak_envelope(audio);
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    limit_to_target(audio, envelope, target.integrated_lufs, limiter, result);
    result.after = measure_loudness(result.audio);
    const double excess = result.after.true_peak_dbtp.value_or(-70.0) - target.ceiling_dbtp;
    if (excess <= 0.0) return result;
    limiter.ceiling_dbtp -= excess + kToleranceDb;
  }
  const double peak = result.after.true_peak_dbtp.value_or(-70.0);
  scale(result.audio, target.ceiling_dbtp - peak - kToleranceDb);
  result.after = measure_loudness(result.audio);
  return result;
}

}  // namespace ams
