// Activations on vectors of floats, in GCC's vector extension: one source for every width. All are
// inlined into functions that are compiled for one instruction set.
#pragma once

#include <cstdint>

namespace ams {

using Float4 [[gnu::vector_size(16)]] = float;
using Float8 [[gnu::vector_size(32)]] = float;
using Float16 [[gnu::vector_size(64)]] = float;
using Int4 [[gnu::vector_size(16)]] = int32_t;
using Int8 [[gnu::vector_size(32)]] = int32_t;
using Int16 [[gnu::vector_size(64)]] = int32_t;

template <typename V>
struct IntOf;
template <>
struct IntOf<Float4> {
  using Type = Int4;
};
template <>
struct IntOf<Float8> {
  using Type = Int8;
};
template <>
struct IntOf<Float16> {
  using Type = Int16;
};

#if defined(__x86_64__)
// Whether functions with the targets "avx512f,avx512dq,fma" and "avx2,fma" may run.
inline bool cpu_has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
}
inline bool cpu_has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

namespace detail {

// e^x to 2 ulp (range reduction by powers of two, polynomial of Cephes' expf); in place.
template <typename V>
[[gnu::always_inline]] inline void exponential(V& x) {
  using I = typename IntOf<V>::Type;
  constexpr float kLog2E = 1.44269504088896341f;
  constexpr float kLn2High = 0.693359375f;
  constexpr float kLn2Low = -2.12194440e-4f;
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it leaves an integer's bits
  x = x < -87.0f ? V{} - 87.0f : x;
  x = x > 88.0f ? V{} + 88.0f : x;
  const V shifted = x * kLog2E + kRound;
  const V whole = shifted - kRound;
  const V r = (x - whole * kLn2High) - whole * kLn2Low;
  V p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  // The bits of `shifted` end in the power of two; moved up they are the exponent to add.
  const I exponent = reinterpret_cast<I>(shifted) << 23;
  x = reinterpret_cast<V>(reinterpret_cast<I>(p) + exponent);
}

}  // namespace detail

// x = 0.5 x (1 + erf(x / sqrt(2))), absolute error of erf below 2e-7 (Abramowitz and
// Stegun 7.1.26).
template <typename V>
[[gnu::always_inline]] inline void gelu_erf(V& x) {
  const V z = (x < 0.0f ? -x : x) * 0.70710678118654752f;
  const V t = 1.0f / (z * 0.3275911f + 1.0f);
  V p = t * 1.061405429f - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  V e = -z * z;
  detail::exponential(e);
  const V tail = p * t * e;  // 1 - erf(|x| / sqrt(2))
  x = x * 0.5f * (x < 0.0f ? tail : 2.0f - tail);
}

// value = value * sigmoid(gate).
template <typename V>
[[gnu::always_inline]] inline void multiply_sigmoid(V& value, const V& gate) {
  V e = -gate;
  detail::exponential(e);
  value = value / (e + 1.0f);
}

}  // namespace ams
