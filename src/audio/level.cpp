#include "audio/level.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr float kSilence = 1e-6f;

void scale(AudioBuffer& audio, float gain) {
  for (float& sample : audio.samples.data) sample *= gain;
}

int64_t fade_length(const AudioBuffer& audio, double seconds) {
  if (!(seconds >= 0.0)) {
    throw Error(ErrorCode::InvalidRequest, str("audio: fade of ", seconds, " s, expected >= 0"));
  }
  const double length = std::nearbyint(seconds * static_cast<double>(audio.sample_rate));
  return static_cast<int64_t>(std::min(length, static_cast<double>(audio.length())));
}

// Value `index` of `count` equal steps from 0 to 1, both included; a single value is 0.
float ramp(int64_t index, int64_t count) {
  return count > 1 ? static_cast<float>(index) / static_cast<float>(count - 1) : 0.0f;
}

}  // namespace

float peak_amplitude(const AudioBuffer& audio) {
  float peak = 0.0f;
  for (const float sample : audio.samples.data) peak = std::max(peak, std::fabs(sample));
  return peak;
}

bool is_silent(const AudioBuffer& audio) { return peak_amplitude(audio) < kSilence; }

float guard_peak(AudioBuffer& audio) {
  const float peak = peak_amplitude(audio);
  if (peak <= 1.0f) return 1.0f;
  // Division as in the reference: a product with 1 / peak may leave the peak above 1.
  for (float& sample : audio.samples.data) sample /= peak;
  return 1.0f / peak;
}

float normalise_peak(AudioBuffer& audio, double peak_dbfs) {
  if (!(peak_dbfs <= 0.0)) {
    throw Error(ErrorCode::InvalidRequest,
                str("audio: peak level ", peak_dbfs, " dBFS, expected <= 0"));
  }
  const float peak = peak_amplitude(audio);
  if (peak < kSilence) return 1.0f;
  const auto gain = static_cast<float>(db_to_amplitude(peak_dbfs) / static_cast<double>(peak));
  scale(audio, gain);
  return gain;
}

void apply_fades(AudioBuffer& audio, const Fades& fades) {
  const int64_t fade_in = fade_length(audio, fades.in_seconds);
  const int64_t fade_out = fade_length(audio, fades.out_seconds);
  for (int64_t c = 0; c < audio.channels(); ++c) {
    const auto samples = audio.channel(c);
    for (int64_t i = 0; i < fade_in; ++i) samples[static_cast<size_t>(i)] *= ramp(i, fade_in);
    for (int64_t i = 0; i < fade_out; ++i) {
      samples[samples.size() - 1 - static_cast<size_t>(i)] *= ramp(i, fade_out);
    }
  }
}

double amplitude_to_db(double amplitude) {
  return amplitude > 0.0 ? 20.0 * std::log10(amplitude) : -std::numeric_limits<double>::infinity();
}

double db_to_amplitude(double db) { return std::pow(10.0, db / 20.0); }

}  // namespace ams
