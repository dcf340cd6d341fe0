#include "audio/loudness.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <memory>
#include <vector>

#include <ebur128.h>

#include "audio/level.h"
#include "audio/limiter.h"
#include "audio/loudness_forecast.h"
#include "audio/true_peak.h"
#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr double kToleranceLu = 0.02;
constexpr double kToleranceDb = 0.01;
// Other meters interpolate with another filter and may read peaks this much higher.
constexpr double kCeilingMarginDb = 0.1;
constexpr double kMostMakeUpDb = 6.0;
constexpr int kMostForecasts = 12;   // of one gain
constexpr int kMostPasses = 4;       // with a better gain
constexpr int kMostAttempts = 3;     // with a lower ceiling
constexpr double kMinSeconds = 0.4;  // one gating block

struct MeterDeleter {
  void operator()(ebur128_state* state) const { ebur128_destroy(&state); }
};
using Meter = std::unique_ptr<ebur128_state, MeterDeleter>;

Meter make_meter(const AudioBuffer& audio) {
  Meter meter(ebur128_init(static_cast<unsigned>(audio.channels()),
                           static_cast<unsigned long>(audio.sample_rate),
                           EBUR128_MODE_I | EBUR128_MODE_LRA));
  if (meter) return meter;
  throw Error(ErrorCode::InvalidRequest,
              str("audio: cannot measure the loudness of ",
                  audio.channels(),
                  " channels at ",
                  audio.sample_rate,
                  " Hz"));
}

int64_t samples_of_stretch(int64_t sample_rate) {
  return std::max<int64_t>(1, sample_rate * LoudnessProfile::kStretchMs / 1000);
}

// Shows the meter the whole song. Returns the energy of each whole stretch.
std::vector<double> feed(ebur128_state& meter, const AudioBuffer& audio) {
  const int64_t stretch = samples_of_stretch(audio.sample_rate);
  const int64_t channels = audio.channels();
  std::vector<double> energies;
  energies.reserve(static_cast<size_t>(audio.length() / stretch));
  std::vector<float> interleaved(static_cast<size_t>(stretch * channels));
  for (int64_t start = 0; start < audio.length(); start += stretch) {
    const int64_t count = std::min(stretch, audio.length() - start);
    for (int64_t c = 0; c < channels; ++c) {
      const auto source = audio.channel(c);
      for (int64_t i = 0; i < count; ++i) {
        interleaved[static_cast<size_t>(i * channels + c)] = source[static_cast<size_t>(start + i)];
      }
    }
    if (ebur128_add_frames_float(&meter, interleaved.data(), static_cast<size_t>(count)) !=
        EBUR128_SUCCESS) {
      throw Error(ErrorCode::OutOfMemory, "audio: no memory to measure the loudness");
    }
    double level = 0.0;
    if (count < stretch ||
        ebur128_loudness_window(&meter, LoudnessProfile::kStretchMs, &level) != EBUR128_SUCCESS) {
      continue;
    }
    energies.push_back(std::pow(10.0, (level + 0.691) / 10.0));
  }
  return energies;
}

std::optional<double> finite(double value) {
  return std::isfinite(value) ? std::optional<double>(value) : std::nullopt;
}

std::optional<double> integrated(const Meter& meter) {
  double value = 0.0;
  if (ebur128_loudness_global(meter.get(), &value) != EBUR128_SUCCESS) return std::nullopt;
  return finite(value);
}

// What one look at a song tells.
struct Reading {
  Loudness loudness;
  std::vector<double> energies;  // of each stretch, see LoudnessProfile
  std::vector<float> envelope;   // true_peak_envelope()
};

// Peaks are read on a thread of their own: they take about as long as the loudness.
Reading read_levels(const AudioBuffer& audio) {
  require_well_formed(audio, "audio to measure");
  Reading reading;
  auto peaks = std::async(std::launch::async, [&] {
    reading.envelope = true_peak_envelope(audio);
    return peak_amplitude(audio);
  });
  const Meter meter = make_meter(audio);
  reading.energies = feed(*meter, audio);
  Loudness& loudness = reading.loudness;
  loudness.integrated_lufs = integrated(meter);
  double range = 0.0;
  if (loudness.integrated_lufs && ebur128_loudness_range(meter.get(), &range) == EBUR128_SUCCESS) {
    loudness.range_lu = finite(range);
  }
  loudness.sample_peak_dbfs = finite(amplitude_to_db(static_cast<double>(peaks.get())));
  const auto highest = std::max_element(reading.envelope.begin(), reading.envelope.end());
  if (highest != reading.envelope.end()) {
    loudness.true_peak_dbtp = finite(amplitude_to_db(static_cast<double>(*highest)));
  }
  return reading;
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

struct GainRange {
  double least_db;
  double most_db;
};

// The gain at which the song is forecast to have `wanted_lufs` behind the limiter, by secants.
double forecast_gain(const LoudnessProfile& profile,
                     const LimiterOptions& limiter,
                     GainRange range,
                     double wanted_lufs) {
  double gain_db = range.least_db;
  double level = forecast_loudness(profile, gain_db, limiter);
  double slope = 1.0;  // what of a higher gain arrives: less, the more the limiter works
  for (int i = 0; i < kMostForecasts && std::isfinite(level); ++i) {
    const double next_db =
        std::clamp(gain_db + (wanted_lufs - level) / slope, range.least_db, range.most_db);
    const double step = next_db - gain_db;
    if (std::abs(step) < 0.1 * kToleranceLu) break;
    const double next_level = forecast_loudness(profile, next_db, limiter);
    slope = std::clamp((next_level - level) / step, 0.1, 1.0);
    gain_db = next_db;
    level = next_level;
  }
  return gain_db;
}

// Gain and limiter; again, should the forecast have missed the level.
void limit_to_target(const AudioBuffer& audio,
                     const Reading& before,
                     double target_lufs,
                     const LimiterOptions& limiter,
                     NormalisedAudio& result) {
  const LoudnessProfile profile{
      before.energies, thin_envelope(before.envelope, samples_of_stretch(audio.sample_rate))};
  const double plain_gain_db = target_lufs - *before.loudness.integrated_lufs;
  const GainRange range{plain_gain_db, plain_gain_db + kMostMakeUpDb};
  double wanted_lufs = target_lufs;  // by the forecast
  for (int pass = 0; pass < kMostPasses; ++pass) {
    result.gain_db = forecast_gain(profile, limiter, range, wanted_lufs);
    result.audio = audio;
    const double lowest = amplify_limited(result.audio, before.envelope, result.gain_db, limiter);
    result.reduction_db = -amplitude_to_db(lowest);
    result.after = measure_loudness(result.audio);
    const double missing = target_lufs - result.after.integrated_lufs.value_or(-70.0);
    const bool is_at_end = missing > 0.0 && result.gain_db >= range.most_db;
    if (std::abs(missing) < kToleranceLu || is_at_end) return;
    wanted_lufs += missing;
  }
}

}  // namespace

Loudness measure_loudness(const AudioBuffer& audio) { return read_levels(audio).loudness; }

NormalisedAudio normalise_loudness(const AudioBuffer& audio, const LoudnessTarget& target) {
  check(target);
  NormalisedAudio result;
  const Reading before = read_levels(audio);
  result.before = before.loudness;
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
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    limit_to_target(audio, before, target.integrated_lufs, limiter, result);
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
