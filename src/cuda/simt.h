// The dialect that kernels are written in: CUDA where nvcc compiles, else the emulator of the
// tests, which runs the same source on the host. README.md says what that covers.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#if defined(__CUDACC__)
#include <cuda_runtime.h>
#else
#include "cuda/emulator/builtins.h"
#endif

// Whether the instructions of sm_80 are there. The kernels of a build that is also for older cards
// compile for those too and stop there; make_cuda_queue() refuses such a card before that.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
#define AMS_HAS_SM80 1
#else
#define AMS_HAS_SM80 0
#endif

namespace ams::cuda {

inline constexpr int kWarp = 32;
inline constexpr uint32_t kWholeWarp = 0xFFFFFFFFu;

// The block's dynamic shared memory, aligned to 16 bytes. Kernels take all of theirs from here, so
// that the emulator can fill it with NaN and guard its end.
__device__ __forceinline__ unsigned char* shared_memory() {
#if defined(__CUDACC__)
  extern __shared__ __align__(128) unsigned char ams_shared_memory[];
  return ams_shared_memory;
#else
  return static_cast<unsigned char*>(simt::BlockRunner::instance().shared_memory());
#endif
}

}  // namespace ams::cuda
