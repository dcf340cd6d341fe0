// What nvcc gives a kernel, for a C++ compiler: qualifiers, indices, vector types, barriers, warp
// operations and the intrinsics in use. Included by cuda/simt.h; tests only.
//
// Not emulated: clusters, asynchronous barriers, textures, dynamic parallelism, atomics between
// blocks that run at once (blocks run one after the other), the memory model's weaker orders.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <source_location>
#include <type_traits>

#include "cuda/emulator/block_runner.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

inline ams::simt::Index3 threadIdx, blockIdx;
inline ams::simt::Extent3 blockDim, gridDim;
using dim3 = ams::simt::Extent3;

struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) uint2 {
  uint32_t x, y;
};
struct alignas(16) uint4 {
  uint32_t x, y, z, w;
};
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline uint2 make_uint2(uint32_t x, uint32_t y) { return {x, y}; }
inline uint4 make_uint4(uint32_t x, uint32_t y, uint32_t z, uint32_t w) { return {x, y, z, w}; }

// The default argument is evaluated where the kernel calls, so errors name the kernel's line.
#define AMS_SIMT_WHERE std::source_location where = std::source_location::current()

inline void __syncthreads(AMS_SIMT_WHERE) {
  ams::simt::BlockRunner::instance().block_barrier(where);
}

inline void __syncwarp(uint32_t mask = 0xFFFFFFFFu, AMS_SIMT_WHERE) {
  const char nothing = 0;
  ams::simt::BlockRunner::instance().exchange(mask, &nothing, sizeof(nothing), where);
}

namespace ams::simt {

// The value of lane `source` of this segment of `width` lanes; this lane's own outside of it.
template <class T>
T shuffle(uint32_t mask, T value, int source, int low, int high, std::source_location where) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
  BlockRunner& runner = BlockRunner::instance();
  runner.exchange(mask, &value, sizeof(T), where);
  const int from = source < low || source >= high ? static_cast<int>(runner.lane()) : source;
  if (!(mask >> from & 1u)) return std::bit_cast<T>(std::array<std::byte, sizeof(T)>{});
  T result;
  std::memcpy(&result, runner.result(static_cast<uint32_t>(from)), sizeof(T));
  return result;
}

inline int lane_index() { return static_cast<int>(BlockRunner::instance().lane()); }

}  // namespace ams::simt

template <class T>
T __shfl_sync(uint32_t mask, T value, int source, int width = 32, AMS_SIMT_WHERE) {
  const int low = ams::simt::lane_index() / width * width;
  return ams::simt::shuffle(mask, value, low + source % width, low, low + width, where);
}
template <class T>
T __shfl_xor_sync(uint32_t mask, T value, int bits, int width = 32, AMS_SIMT_WHERE) {
  const int lane = ams::simt::lane_index();
  const int low = lane / width * width;
  return ams::simt::shuffle(mask, value, lane ^ bits, low, low + width, where);
}
template <class T>
T __shfl_down_sync(uint32_t mask, T value, int delta, int width = 32, AMS_SIMT_WHERE) {
  const int lane = ams::simt::lane_index();
  const int low = lane / width * width;
  return ams::simt::shuffle(mask, value, lane + delta, low, low + width, where);
}
template <class T>
T __shfl_up_sync(uint32_t mask, T value, int delta, int width = 32, AMS_SIMT_WHERE) {
  const int lane = ams::simt::lane_index();
  const int low = lane / width * width;
  return ams::simt::shuffle(mask, value, lane - delta, low, low + width, where);
}

inline uint32_t __ballot_sync(uint32_t mask, int predicate, AMS_SIMT_WHERE) {
  ams::simt::BlockRunner& runner = ams::simt::BlockRunner::instance();
  runner.exchange(mask, &predicate, sizeof(predicate), where);
  uint32_t votes = 0;
  for (uint32_t lane = 0; lane < 32; ++lane) {
    int vote = 0;
    if (mask >> lane & 1u) std::memcpy(&vote, runner.result(lane), sizeof(vote));
    if (vote != 0) votes |= uint32_t{1} << lane;
  }
  return votes;
}
inline int __any_sync(uint32_t mask, int predicate, AMS_SIMT_WHERE) {
  return __ballot_sync(mask, predicate, where) != 0;
}
inline int __all_sync(uint32_t mask, int predicate, AMS_SIMT_WHERE) {
  return __ballot_sync(mask, predicate, where) == mask;
}

// Lanes run one after the other, so a plain read and write is atomic.
template <class T>
T atomicAdd(T* address, std::type_identity_t<T> value) {
  const T before = *address;
  *address = before + value;
  return before;
}
template <class T>
T atomicMax(T* address, std::type_identity_t<T> value) {
  const T before = *address;
  if (value > before) *address = value;
  return before;
}
template <class T>
T atomicCAS(T* address, std::type_identity_t<T> compare, std::type_identity_t<T> value) {
  const T before = *address;
  if (before == compare) *address = value;
  return before;
}
inline void __threadfence() {}

inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline int __popc(uint32_t x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<uint32_t>(x)); }
inline int __ffs(int x) { return x == 0 ? 0 : std::countr_zero(static_cast<uint32_t>(x)) + 1; }
inline uint32_t __float_as_uint(float x) { return std::bit_cast<uint32_t>(x); }
inline float __uint_as_float(uint32_t x) { return std::bit_cast<float>(x); }
template <class T>
T __ldg(const T* address) {
  return *address;
}
