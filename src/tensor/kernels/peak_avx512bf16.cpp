// peak.h with AVX512_BF16.
#if !defined(__clang__)  // GCC 12 sees uninitialised values in its own AVX-512 headers
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include "tensor/kernels/peak_sets.h"

namespace ams::detail {

int64_t peak_avx512_bf16(int64_t rounds) {
  constexpr int kSums = 24;
  constexpr int64_t kOperations = 64;  // of one dot product: 16 sums of two products
  __m512 sums[kSums];
  for (int i = 0; i < kSums; ++i) sums[i] = _mm512_setzero_ps();
  const __m512bh ones = (__m512bh)_mm512_set1_epi16(0x3F80);
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 32
    for (int i = 0; i < kSums; ++i) sums[i] = _mm512_dpbf16_ps(sums[i], ones, ones);
  }
  __m512 total = _mm512_setzero_ps();
  for (int i = 0; i < kSums; ++i) total = _mm512_add_ps(total, sums[i]);
  volatile float used = _mm512_cvtss_f32(total);
  (void)used;
  return rounds * kSums * kOperations;
}

}  // namespace ams::detail
