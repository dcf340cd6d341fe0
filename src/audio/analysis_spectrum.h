// Spectra of audio: what `ams info` prints and behaviour tests measure.
#pragma once

#include <cstdint>
#include <vector>

#include "audio/audio_buffer.h"

namespace ams {

// Short-time power of the mono mix, Hann windows; a full-scale sine on a bin has power 1.
struct PowerSpectrogram {
  FloatArray power;  // [frames, F = window_samples / 2 + 1]
  int64_t window_samples = 0;
  int64_t hop_samples = 0;
  int64_t sample_rate = 0;  // Hz

  double bin_hz() const {
    return static_cast<double>(sample_rate) / static_cast<double>(window_samples);
  }
  double frame_rate() const {
    return static_cast<double>(sample_rate) / static_cast<double>(hop_samples);
  }
};

// Frame i covers samples i * hop .. i * hop + window; silence is assumed after the end, and there
// is at least one frame. window_samples: even, see RealFft. Throws InvalidRequest. Thread-safe.
PowerSpectrogram power_spectrogram(const AudioBuffer& audio,
                                   int64_t window_samples,
                                   int64_t hop_samples);

// Mean power over time.
struct Spectrum {
  std::vector<double> power;  // [F]
  double bin_hz = 0.0;
};
Spectrum average_spectrum(const AudioBuffer& audio, int64_t window_samples = 4096);

// 10 log10 of the power between two frequencies in Hz; -infinity if there is none.
double band_level_db(const Spectrum& spectrum, double from_hz, double to_hz);

// Highest frequency whose level is within `range_db` of the strongest bin; 0 for silence.
double bandwidth_hz(const Spectrum& spectrum, double range_db = 60.0);

// Frequency of the strongest bin, refined by a parabola through its neighbours; 0 for silence.
double strongest_frequency_hz(const Spectrum& spectrum);

// One flag a frame of `frame_samples`: its loudest sample, of all channels, is below
// `threshold_dbfs`. A last, shorter frame counts.
std::vector<bool> silent_frames(const AudioBuffer& audio,
                                int64_t frame_samples,
                                double threshold_dbfs = -60.0);

}  // namespace ams
