// Sample rate conversion by libswresample with a long Kaiser-windowed filter.
#pragma once

#include <cstdint>
#include <memory>

#include "audio/audio_buffer.h"

namespace ams {

inline constexpr int64_t kStudioSampleRate = 48000;  // Hz, what the models hear and make

// Streaming converter. Pass band to 0.94 of the lower Nyquist frequency, images and aliases below
// -100 dB; zero delay; silence is assumed outside the signal. Confined to one thread.
class Resampler {
 public:
  // Rates in Hz, equal rates copy. Throws InvalidRequest, OutOfMemory.
  Resampler(int64_t from_rate, int64_t to_rate, int64_t channels);
  ~Resampler();
  Resampler(const Resampler&) = delete;
  Resampler& operator=(const Resampler&) = delete;

  // [C, n] -> [C, m]: what can be computed so far. Throws OutOfMemory.
  FloatArray push(const FloatArray& tile);
  // The rest; in all ceil(N * to_rate / from_rate) samples have then been returned.
  FloatArray finish();

 private:
  class Converter;
  std::unique_ptr<Converter> converter_;
};

// Whole buffer; length ceil(N * rate / audio.sample_rate). Thread-safe.
AudioBuffer resample(const AudioBuffer& audio, int64_t rate);

// What the pipeline takes: stereo (mono duplicated, the first two of more), 48 kHz, within ±1.
AudioBuffer to_studio_format(const AudioBuffer& audio);

}  // namespace ams
