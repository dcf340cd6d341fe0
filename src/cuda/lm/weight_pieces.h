// How a lane reads weights: formats as pieces of 8 or 16 values. For device code.
//
// A format F has F::kGroups groups of 8 neighbouring values in a piece, F::load(row, i) for piece i
// of a row, F::first(i, group) for the position of a group in the row, and F::decode(piece, group,
// values). Loads and decoding are apart so that the loads of several pieces can be under way at
// once.
#pragma once

#include "cuda/bf16.h"
#include "cuda/lm/weight_matrix.h"
#include "cuda/simt.h"

namespace ams::cuda {

constexpr int kGroup = 8;

__device__ __forceinline__ float half_to_float(uint16_t bits) {
#if defined(__CUDA_ARCH__)
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
  return value;
#else
  const uint32_t sign = (bits & 0x8000u) << 16;
  const uint32_t magnitude = bits & 0x7FFFu;
  constexpr uint32_t kRebias = 112u << 23;  // exponent bias 127 - 15
  uint32_t result = (magnitude << 13) + kRebias;
  if (magnitude >= 0x7C00u) result += kRebias;  // infinity, NaN
  if (magnitude < 0x0400u) {                    // the gap at 0.5f is the smallest fp16, 2^-24
    result = std::bit_cast<uint32_t>(std::bit_cast<float>(0x3F000000u + magnitude) - 0.5f);
  }
  return std::bit_cast<float>(result | sign);
#endif
}

// 16 bytes that are read once: they pass by the L1 cache, which keeps the vectors.
__device__ __forceinline__ uint4 load_once(const unsigned char* address) {
#if defined(__CUDA_ARCH__)
  uint4 v;
  asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "l"(address));
  return v;
#else
  return *reinterpret_cast<const uint4*>(address);
#endif
}

template <class T>
__device__ __forceinline__ T load_as(const unsigned char* address) {
  return __ldg(reinterpret_cast<const T*>(address));
}

// Byte k of four.
__device__ __forceinline__ uint32_t byte_of(uint32_t word, int k) {
  return word >> (8 * k) & 0xFFu;
}

struct F32Pieces {
  static constexpr WeightFormat kFormat = WeightFormat::F32;
  static constexpr int kGroups = 1;
  struct Piece {
    uint4 low, high;
  };
  static __device__ __forceinline__ Piece load(const unsigned char* row, int i) {
    return {load_once(row + 32 * static_cast<int64_t>(i)),
            load_once(row + 32 * static_cast<int64_t>(i) + 16)};
  }
  static __device__ __forceinline__ int first(int i, int) { return kGroup * i; }
  static __device__ __forceinline__ void decode(const Piece& p, int, float (&v)[kGroup]) {
    const uint32_t bits[kGroup] = {
        p.low.x, p.low.y, p.low.z, p.low.w, p.high.x, p.high.y, p.high.z, p.high.w};
#pragma unroll
    for (int k = 0; k < kGroup; ++k) v[k] = __uint_as_float(bits[k]);
  }
};

struct Bf16Pieces {
  static constexpr WeightFormat kFormat = WeightFormat::Bf16;
  static constexpr int kGroups = 1;
  struct Piece {
    uint4 values;
  };
  static __device__ __forceinline__ Piece load(const unsigned char* row, int i) {
    return {load_once(row + 16 * static_cast<int64_t>(i))};
  }
  static __device__ __forceinline__ int first(int i, int) { return kGroup * i; }
  static __device__ __forceinline__ void decode(const Piece& p, int, float (&v)[kGroup]) {
    const uint32_t pairs[4] = {p.values.x, p.values.y, p.values.z, p.values.w};
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      v[2 * k] = __uint_as_float(pairs[k] << 16);
      v[2 * k + 1] = __uint_as_float(pairs[k] & 0xFFFF0000u);
    }
  }
};

// Blocks of 32: a scale (fp16), then 32 signed bytes; blocks are aligned to 2 bytes only.
struct Q8Pieces {
  static constexpr WeightFormat kFormat = WeightFormat::Q8_0;
  static constexpr int kGroups = 1;
  struct Piece {
    uint32_t low, high;
    uint16_t scale;
  };
  static __device__ __forceinline__ Piece load(const unsigned char* row, int i) {
    const unsigned char* const block = row + 34 * static_cast<int64_t>(i / 4);
    const unsigned char* const quants = block + 2 + kGroup * (i % 4);
    const bool is_odd = (reinterpret_cast<uintptr_t>(quants) & 2u) != 0;
    const unsigned char* const words = quants - (is_odd ? 2 : 0);
    const auto a = load_as<uint32_t>(words);
    const auto b = load_as<uint32_t>(words + 4);
    const uint32_t c = is_odd ? load_as<uint32_t>(words + 8) : 0u;
    return {
        is_odd ? a >> 16 | b << 16 : a, is_odd ? b >> 16 | c << 16 : b, load_as<uint16_t>(block)};
  }
  static __device__ __forceinline__ int first(int i, int) { return kGroup * i; }
  static __device__ __forceinline__ void decode(const Piece& p, int, float (&v)[kGroup]) {
    const float scale = half_to_float(p.scale);
#pragma unroll
    for (int k = 0; k < kGroup; ++k) {
      const auto quant = static_cast<int8_t>(byte_of(k < 4 ? p.low : p.high, k % 4));
      v[k] = scale * static_cast<float>(quant);
    }
  }
};

// Blocks of 256 in eight parts of 32, each with a scale and a minimum of 6 bits. A piece is 8
// values of part 2 p and the 8 beside them in part 2 p + 1: low and high halves of the same bytes.
// kFifth: a fifth bit of each value lies apart (q5_k).
template <bool kFifth>
struct Q45Pieces {
  static constexpr WeightFormat kFormat = kFifth ? WeightFormat::Q5_K : WeightFormat::Q4_K;
  static constexpr int kGroups = 2;
  static constexpr int64_t kBlockBytes = block_bytes(kFormat);
  struct Piece {
    uint4 header;  // scale and minimum (fp16), then 12 bytes of small scales
    uint2 quants;
    uint2 fifth;
    int pair;
  };
  static __device__ __forceinline__ Piece load(const unsigned char* row, int i) {
    const unsigned char* const block = row + kBlockBytes * (i / 16);
    const int pair = i % 16 / 4;
    const int column = kGroup * (i % 4);
    Piece piece;
    piece.header = load_as<uint4>(block);
    piece.quants = load_as<uint2>(block + (kFifth ? 48 : 16) + 32 * pair + column);
    piece.fifth = kFifth ? load_as<uint2>(block + 16 + column) : make_uint2(0, 0);
    piece.pair = pair;
    return piece;
  }
  static __device__ __forceinline__ int first(int i, int group) {
    return 256 * (i / 16) + 64 * (i % 16 / 4) + 32 * group + kGroup * (i % 4);
  }
  static __device__ __forceinline__ void decode(const Piece& p, int group, float (&v)[kGroup]) {
    const int part = 2 * p.pair + group;
    const uint32_t a = byte_of(p.header.y, part % 4);
    const uint32_t b = byte_of(p.header.z, part % 4);
    const uint32_t c = byte_of(p.header.w, part % 4);
    const uint32_t small_scale = part < 4 ? a & 63u : (c & 15u) | (a >> 6) << 4;
    const uint32_t small_minimum = part < 4 ? b & 63u : c >> 4 | (b >> 6) << 4;
    const float scale = half_to_float(static_cast<uint16_t>(p.header.x & 0xFFFFu)) *
                        static_cast<float>(small_scale);
    const float minimum =
        half_to_float(static_cast<uint16_t>(p.header.x >> 16)) * static_cast<float>(small_minimum);
#pragma unroll
    for (int k = 0; k < kGroup; ++k) {
      uint32_t quant = byte_of(k < 4 ? p.quants.x : p.quants.y, k % 4) >> (4 * group) & 15u;
      if (kFifth) {
        const uint32_t bits = byte_of(k < 4 ? p.fifth.x : p.fifth.y, k % 4);
        quant |= (bits >> part & 1u) << 4;
      }
      v[k] = scale * static_cast<float>(quant) - minimum;
    }
  }
};
using Q4Pieces = Q45Pieces<false>;
using Q5Pieces = Q45Pieces<true>;

// Blocks of 256: low four bits [128], high two bits [64], 16 signed scales, a scale (fp16); aligned
// to 2 bytes only. A piece is 8 values and the 8 that lie 64 further.
struct Q6Pieces {
  static constexpr WeightFormat kFormat = WeightFormat::Q6_K;
  static constexpr int kGroups = 2;
  struct Piece {
    uint32_t low[2];
    uint32_t high[2];
    int scales[2];
    uint16_t scale;
    int shift;
  };
  static __device__ __forceinline__ uint32_t load_word(const unsigned char* address) {
    return load_as<uint16_t>(address) | static_cast<uint32_t>(load_as<uint16_t>(address + 2)) << 16;
  }
  static __device__ __forceinline__ Piece load(const unsigned char* row, int i) {
    const unsigned char* const block = row + 210 * static_cast<int64_t>(i / 16);
    const int half = i % 16 / 8;
    const int quarter = i % 8 / 4;
    const int column = kGroup * (i % 4);
    const unsigned char* const low = block + 64 * half + 32 * quarter + column;
    const unsigned char* const high = block + 128 + 32 * half + column;
    const unsigned char* const scales = block + 192 + 8 * half + 2 * quarter + column / 16;
    Piece piece;
    piece.low[0] = load_word(low);
    piece.low[1] = load_word(low + 4);
    piece.high[0] = load_word(high);
    piece.high[1] = load_word(high + 4);
    piece.scales[0] = load_as<int8_t>(scales);
    piece.scales[1] = load_as<int8_t>(scales + 4);
    piece.scale = load_as<uint16_t>(block + 208);
    piece.shift = 2 * quarter;
    return piece;
  }
  static __device__ __forceinline__ int first(int i, int group) {
    return 256 * (i / 16) + 128 * (i % 16 / 8) + 64 * group + 32 * (i % 8 / 4) + kGroup * (i % 4);
  }
  static __device__ __forceinline__ void decode(const Piece& p, int group, float (&v)[kGroup]) {
    const float scale = half_to_float(p.scale) * static_cast<float>(p.scales[group]);
#pragma unroll
    for (int k = 0; k < kGroup; ++k) {
      const uint32_t low = byte_of(p.low[k / 4], k % 4) >> (4 * group) & 15u;
      const uint32_t high = byte_of(p.high[k / 4], k % 4) >> (p.shift + 4 * group) & 3u;
      v[k] = scale * static_cast<float>(static_cast<int>(low | high << 4) - 32);
    }
  }
};

}  // namespace ams::cuda
