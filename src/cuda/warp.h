// Sums and maxima over a warp and over a block.
#pragma once

#include "cuda/simt.h"

namespace ams::cuda {

// Every lane gets the sum over the warp, added in the same order each time.
__device__ __forceinline__ float warp_sum(float value) {
#pragma unroll
  for (int bits = kWarp / 2; bits > 0; bits /= 2) {
    value += __shfl_xor_sync(kWholeWarp, value, bits);
  }
  return value;
}

__device__ __forceinline__ float warp_max(float value) {
#pragma unroll
  for (int bits = kWarp / 2; bits > 0; bits /= 2) {
    value = fmaxf(value, __shfl_xor_sync(kWholeWarp, value, bits));
  }
  return value;
}

// Every thread gets the sum over a block of kThreads (one dimension). `partial` is shared memory
// for kThreads / 32 floats; it may be used again after the next barrier.
template <int kThreads>
__device__ __forceinline__ float block_sum(float value, float* partial) {
  static_assert(kThreads % kWarp == 0);
  value = warp_sum(value);
  const int thread = static_cast<int>(threadIdx.x);
  if (thread % kWarp == 0) partial[thread / kWarp] = value;
  __syncthreads();
  float sum = 0.0f;
#pragma unroll
  for (int warp = 0; warp < kThreads / kWarp; ++warp) sum += partial[warp];
  return sum;
}

}  // namespace ams::cuda
