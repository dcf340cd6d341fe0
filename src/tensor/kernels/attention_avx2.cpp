// attention.h with AVX2 and FMA.
#include "tensor/kernels/attention_impl.h"
#include "tensor/kernels/attention_sets.h"

namespace ams::detail {
namespace {

typedef float Floats __attribute__((vector_size(32)));
typedef uint32_t Bits __attribute__((vector_size(32)));
typedef uint16_t Halves __attribute__((vector_size(16), aligned(2), may_alias));

struct Isa {
  static constexpr int64_t kLanes = 8;
  static constexpr int kRows = 6;
  static constexpr int64_t kVectors = 2;

  static Floats interleave_low(Floats a, Floats b) {
    return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  }
  static Floats interleave_high(Floats a, Floats b) {
    return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
  }
  static Floats widen(const uint16_t* values) {
    const Halves halves = *reinterpret_cast<const Halves*>(values);
    return reinterpret_cast<Floats>(__builtin_convertvector(halves, Bits) << 16);
  }
};

}  // namespace

const AttentionKernel kAttentionAvx2{
    "avx2", AttentionImpl<Isa>::scratch_size, AttentionImpl<Isa>::run};

}  // namespace ams::detail
