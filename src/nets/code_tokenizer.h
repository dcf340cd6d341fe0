// 25 Hz latents <-> 5 Hz audio codes (finite scalar quantisation, arXiv:2309.15505).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/array.h"

namespace ams {

// Immutable weights; confined to the worker thread.
class CodeTokenizer {
 public:
  virtual ~CodeTokenizer() = default;

  virtual int64_t frames_per_code() const = 0;  // 5
  virtual int64_t num_codes() const = 0;        // 64000

  // latents [T, latent_channels], T a multiple of frames_per_code() -> T / frames_per_code() codes.
  virtual std::vector<int32_t> encode(const FloatArray& latents) = 0;

  // n codes in [0, num_codes()) -> latents [n * frames_per_code(), latent_channels].
  virtual FloatArray decode(std::span<const int32_t> codes) = 0;
};

}  // namespace ams
