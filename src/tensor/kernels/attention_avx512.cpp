// attention.h with AVX-512.
#include "tensor/kernels/attention_impl.h"
#include "tensor/kernels/attention_sets.h"

namespace ams::detail {
namespace {

struct Isa {
  static constexpr int64_t kLanes = 16;
  static constexpr int kRows = 12;
  static constexpr int64_t kVectors = 2;
};

}  // namespace

const AttentionKernel kAttentionAvx512{
    "avx512", AttentionImpl<Isa>::scratch_size, AttentionImpl<Isa>::run};

}  // namespace ams::detail
