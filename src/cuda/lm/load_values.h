// Eight neighbouring fp32 or bf16 values as fp32, in 16-byte loads. For device code.
#pragma once

#include "cuda/bf16.h"
#include "cuda/simt.h"

namespace ams::cuda {

constexpr int kLoadedValues = 8;

__device__ __forceinline__ void load_values(const float* from, float (&v)[kLoadedValues]) {
  const float4 low = reinterpret_cast<const float4*>(from)[0];
  const float4 high = reinterpret_cast<const float4*>(from)[1];
  v[0] = low.x;
  v[1] = low.y;
  v[2] = low.z;
  v[3] = low.w;
  v[4] = high.x;
  v[5] = high.y;
  v[6] = high.z;
  v[7] = high.w;
}

__device__ __forceinline__ void load_values(const Bf16* from, float (&v)[kLoadedValues]) {
  const uint4 packed = *reinterpret_cast<const uint4*>(from);
  const uint32_t pairs[4] = {packed.x, packed.y, packed.z, packed.w};
#pragma unroll
  for (int k = 0; k < 4; ++k) {
    const float2 pair = unpack_bf16(pairs[k]);
    v[2 * k] = pair.x;
    v[2 * k + 1] = pair.y;
  }
}

}  // namespace ams::cuda
