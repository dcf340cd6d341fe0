#include "audio/analysis_key.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "audio/analysis_spectrum.h"
#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr std::array<const char*, 12> kPitchNames{
    "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"};
constexpr Chroma kMajorProfile{
    6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88};
constexpr Chroma kMinorProfile{
    6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17};
constexpr double kLeastHz = 55.0;
constexpr double kMostHz = 2000.0;
constexpr double kWindowSeconds = 0.34;  // resolves semitones from about 55 Hz on
constexpr float kPowerFloor = 1e-9f;     // -90 dBFS

// Power of two nearest to `seconds`, at least 1024 samples.
int64_t window_samples(int64_t sample_rate) {
  int64_t size = 1024;
  while (static_cast<double>(size) * 1.41 < kWindowSeconds * static_cast<double>(sample_rate) &&
         size < (int64_t{1} << 18)) {
    size *= 2;
  }
  return size;
}

void add_frame(std::span<const float> power, double bin_hz, Chroma& chroma) {
  for (size_t k = 1; k + 1 < power.size(); ++k) {
    const double frequency = static_cast<double>(k) * bin_hz;
    if (frequency < kLeastHz || frequency > kMostHz) continue;
    // Peaks only: the skirts of a window would smear a tone over its neighbours.
    if (power[k] < kPowerFloor || power[k] < power[k - 1] || power[k] < power[k + 1]) continue;
    const double left = std::log(static_cast<double>(power[k - 1] + kPowerFloor));
    const double middle = std::log(static_cast<double>(power[k] + kPowerFloor));
    const double right = std::log(static_cast<double>(power[k + 1] + kPowerFloor));
    const double curve = left - 2.0 * middle + right;
    const double shift = curve < 0.0 ? 0.5 * (left - right) / curve : 0.0;
    const double pitch = 69.0 + 12.0 * std::log2((frequency + shift * bin_hz) / 440.0);
    const auto pitch_class = static_cast<size_t>((std::lround(pitch) % 12 + 12) % 12);
    chroma[pitch_class] += std::sqrt(static_cast<double>(power[k]));
  }
}

void scale_to_one(Chroma& chroma) {
  const double sum = std::accumulate(chroma.begin(), chroma.end(), 0.0);
  if (sum <= 0.0) return;
  for (double& value : chroma) value /= sum;
}

Chroma rotated(const Chroma& profile, size_t tonic) {
  Chroma result{};
  for (size_t i = 0; i < result.size(); ++i) result[(i + tonic) % 12] = profile[i];
  return result;
}

}  // namespace

std::string Key::name() const {
  return str(kPitchNames[static_cast<size_t>(tonic)], is_minor ? " minor" : " major");
}

Chroma average_chroma(const AudioBuffer& audio) {
  const int64_t window = window_samples(audio.sample_rate);
  const PowerSpectrogram spectrogram = power_spectrogram(audio, window, window / 4);
  Chroma chroma{};
  for (int64_t f = 0; f < spectrogram.power.dim(0); ++f) {
    add_frame(spectrogram.power.row(f), spectrogram.bin_hz(), chroma);
  }
  scale_to_one(chroma);
  return chroma;
}

FloatArray chroma_frames(const AudioBuffer& audio, double frame_seconds) {
  if (!(frame_seconds > 0.0)) {
    throw Error(ErrorCode::InvalidRequest,
                str("audio: chroma frames of ", frame_seconds, " s, expected > 0"));
  }
  const auto hop = std::max<int64_t>(
      1, static_cast<int64_t>(std::lround(frame_seconds * static_cast<double>(audio.sample_rate))));
  const PowerSpectrogram spectrogram =
      power_spectrogram(audio, window_samples(audio.sample_rate), hop);
  FloatArray frames({spectrogram.power.dim(0), 12});
  for (int64_t f = 0; f < frames.dim(0); ++f) {
    Chroma chroma{};
    add_frame(spectrogram.power.row(f), spectrogram.bin_hz(), chroma);
    scale_to_one(chroma);
    std::transform(chroma.begin(), chroma.end(), frames.row(f).begin(), [](double value) {
      return static_cast<float>(value);
    });
  }
  return frames;
}

double chroma_correlation(const Chroma& a, const Chroma& b) {
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / 12.0;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / 12.0;
  double covariance = 0.0;
  double variance_a = 0.0;
  double variance_b = 0.0;
  for (size_t i = 0; i < a.size(); ++i) {
    covariance += (a[i] - mean_a) * (b[i] - mean_b);
    variance_a += (a[i] - mean_a) * (a[i] - mean_a);
    variance_b += (b[i] - mean_b) * (b[i] - mean_b);
  }
  const double scale = std::sqrt(variance_a * variance_b);
  return scale > 0.0 ? covariance / scale : 0.0;
}

std::optional<Key> estimate_key(const AudioBuffer& audio) {
  const Chroma chroma = average_chroma(audio);
  if (std::accumulate(chroma.begin(), chroma.end(), 0.0) <= 0.0) return std::nullopt;
  Key best;
  best.correlation = -2.0;
  for (size_t tonic = 0; tonic < 12; ++tonic) {
    for (const bool is_minor : {false, true}) {
      const double value =
          chroma_correlation(chroma, rotated(is_minor ? kMinorProfile : kMajorProfile, tonic));
      if (value <= best.correlation) continue;
      best = Key{static_cast<int64_t>(tonic), is_minor, value};
    }
  }
  return best;
}

}  // namespace ams
