// Pitch classes and key of a song.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "audio/audio_buffer.h"

namespace ams {

// Energy of each pitch class C, C#, …, B between 55 Hz and 2 kHz at A4 = 440 Hz.
using Chroma = std::array<double, 12>;

// Scaled to a sum of one; all zero for silence.
Chroma average_chroma(const AudioBuffer& audio);

// One row a frame of `frame_seconds`, each scaled to a sum of one (zero for silence), [frames, 12].
FloatArray chroma_frames(const AudioBuffer& audio, double frame_seconds);

// Pearson correlation of two chroma vectors, [-1, 1]; 0 if one is constant.
double chroma_correlation(const Chroma& a, const Chroma& b);

struct Key {
  int64_t tonic = 0;  // 0 = C … 11 = B
  bool is_minor = false;
  double correlation = 0.0;  // with the key's profile
  std::string name() const;  // "C# minor"
};

// Krumhansl and Kessler's key profiles (1982) correlated with the chroma. Empty for silence.
std::optional<Key> estimate_key(const AudioBuffer& audio);

}  // namespace ams
