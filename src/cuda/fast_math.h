// Approximations with a relative error near 1e-7, for values that end as bf16.
#pragma once

#include "cuda/simt.h"

namespace ams::cuda {

// 2^x; 0 for -infinity.
__device__ __forceinline__ float fast_exp2(float x) {
#if defined(__CUDA_ARCH__)
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
#else
  return exp2f(x);
#endif
}

__device__ __forceinline__ float silu(float x) { return __fdividef(x, 1.0f + __expf(-x)); }

}  // namespace ams::cuda
