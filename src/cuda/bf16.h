// bf16 as kernels and host code share it: the upper half of an fp32.
#pragma once

#include "cuda/simt.h"

namespace ams::cuda {

struct Bf16 {
  uint16_t bits;
};

__host__ __device__ __forceinline__ float to_float(Bf16 value) {
#if defined(__CUDA_ARCH__)
  return __uint_as_float(static_cast<uint32_t>(value.bits) << 16);
#else
  return std::bit_cast<float>(static_cast<uint32_t>(value.bits) << 16);
#endif
}

// Rounded to nearest even; NaN stays NaN.
__host__ __device__ __forceinline__ Bf16 to_bf16(float value) {
#if AMS_HAS_SM80
  uint16_t bits;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return Bf16{bits};
#else
#if defined(__CUDA_ARCH__)
  const uint32_t bits = __float_as_uint(value);
#else
  const auto bits = std::bit_cast<uint32_t>(value);
#endif
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return Bf16{0x7FFF};
  return Bf16{static_cast<uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16)};
#endif
}

// Two values as tensor cores and vector stores take them: `low` comes first in memory.
__device__ __forceinline__ uint32_t pack_bf16(float low, float high) {
#if AMS_HAS_SM80
  uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
#else
  return static_cast<uint32_t>(to_bf16(low).bits) | static_cast<uint32_t>(to_bf16(high).bits) << 16;
#endif
}

__device__ __forceinline__ float2 unpack_bf16(uint32_t pair) {
  return make_float2(to_float(Bf16{static_cast<uint16_t>(pair & 0xFFFFu)}),
                     to_float(Bf16{static_cast<uint16_t>(pair >> 16)}));
}

}  // namespace ams::cuda
