// attention.h with plain vectors of the target.
#include "tensor/kernels/attention_impl.h"
#include "tensor/kernels/attention_sets.h"

namespace ams::detail {
namespace {

typedef float Floats __attribute__((vector_size(16)));
typedef uint32_t Bits __attribute__((vector_size(16)));
typedef uint16_t Halves __attribute__((vector_size(8), aligned(2), may_alias));

struct Isa {
  static constexpr int64_t kLanes = 4;
  static constexpr int kRows = 3;
  static constexpr int64_t kVectors = 4;

  static Floats interleave_low(Floats a, Floats b) {
    return __builtin_shufflevector(a, b, 0, 4, 1, 5);
  }
  static Floats interleave_high(Floats a, Floats b) {
    return __builtin_shufflevector(a, b, 2, 6, 3, 7);
  }
  static Floats widen(const uint16_t* values) {
    const Halves halves = *reinterpret_cast<const Halves*>(values);
    return reinterpret_cast<Floats>(__builtin_convertvector(halves, Bits) << 16);
  }
};

}  // namespace

const AttentionKernel kAttentionGeneric{
    "generic", AttentionImpl<Isa>::scratch_size, AttentionImpl<Isa>::run};

}  // namespace ams::detail
