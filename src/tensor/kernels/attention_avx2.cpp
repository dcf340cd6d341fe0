// attention.h with AVX2 and FMA.
#include "tensor/kernels/attention_impl.h"
#include "tensor/kernels/attention_sets.h"

namespace ams::detail {
namespace {

struct Isa {
  static constexpr int64_t kLanes = 8;
  static constexpr int kRows = 6;
  static constexpr int64_t kVectors = 2;
};

}  // namespace

const AttentionKernel kAttentionAvx2{
    "avx2", AttentionImpl<Isa>::scratch_size, AttentionImpl<Isa>::run};

}  // namespace ams::detail
