// The waveform type of the project and the few operations on its channels.
// Module audio: files <-> waveforms, loudness, fades and splices, measurements. It knows no models,
// jobs or requests, and it alone knows FFmpeg and libebur128.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/array.h"

namespace ams {

// Channels-first samples with full scale at ±1. A value type.
struct AudioBuffer {
  int64_t sample_rate = 0;  // Hz
  FloatArray samples;       // [C, N]

  int64_t channels() const { return samples.shape.size() == 2 ? samples.shape[0] : 0; }
  int64_t length() const { return samples.shape.size() == 2 ? samples.shape[1] : 0; }
  double seconds() const {
    return sample_rate > 0 ? static_cast<double>(length()) / static_cast<double>(sample_rate) : 0.0;
  }
  std::span<const float> channel(int64_t index) const { return samples.row(index); }
  std::span<float> channel(int64_t index) { return samples.row(index); }
};

// Digital silence of `length` samples a channel. channels >= 1.
AudioBuffer silent_audio(int64_t sample_rate, int64_t channels, int64_t length);

// Samples begin <= i < end of every channel. Throws InvalidRequest on a range outside the buffer.
AudioBuffer slice_audio(const AudioBuffer& audio, int64_t begin, int64_t end);

// Two channels: mono is duplicated, of more than two the first two are kept (no downmix), as the
// reference does. Throws InvalidRequest on a buffer without channels.
AudioBuffer to_stereo(const AudioBuffer& audio);

// The mean of all channels, [N].
std::vector<float> mono_mix(const AudioBuffer& audio);

// Limits every sample to [-1, 1].
void clamp_to_full_scale(AudioBuffer& audio);

// Throws CorruptFile if a sample is NaN or infinite; `what` names the audio in the message.
void require_finite(const AudioBuffer& audio, std::string_view what);

// Throws InvalidRequest unless the shape is [C >= 1, N], the rate is positive and the data fits.
void require_well_formed(const AudioBuffer& audio, std::string_view what);

}  // namespace ams
