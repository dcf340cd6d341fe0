// attention.h with AVX-512.
#include "tensor/kernels/attention_impl.h"
#include "tensor/kernels/attention_sets.h"

namespace ams::detail {
namespace {

typedef float Floats __attribute__((vector_size(64)));
typedef uint32_t Bits __attribute__((vector_size(64)));
typedef uint16_t Halves __attribute__((vector_size(32), aligned(2), may_alias));

struct Isa {
  static constexpr int64_t kLanes = 16;
  static constexpr int kRows = 12;
  static constexpr int64_t kVectors = 2;

  static Floats interleave_low(Floats a, Floats b) {
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  }
  static Floats interleave_high(Floats a, Floats b) {
    return __builtin_shufflevector(
        a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  }
  static Floats widen(const uint16_t* values) {
    const Halves halves = *reinterpret_cast<const Halves*>(values);
    return reinterpret_cast<Floats>(__builtin_convertvector(halves, Bits) << 16);
  }
};

}  // namespace

const AttentionKernel kAttentionAvx512{
    "avx512", AttentionImpl<Isa>::scratch_size, AttentionImpl<Isa>::run};

}  // namespace ams::detail
