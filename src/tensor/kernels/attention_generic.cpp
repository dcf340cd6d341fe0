// attention.h with plain vectors of the target.
#include "tensor/kernels/attention_impl.h"
#include "tensor/kernels/attention_sets.h"

namespace ams::detail {
namespace {

struct Isa {
  static constexpr int64_t kLanes = 4;
  static constexpr int kRows = 3;
  static constexpr int64_t kVectors = 4;
};

}  // namespace

const AttentionKernel kAttentionGeneric{
    "generic", AttentionImpl<Isa>::scratch_size, AttentionImpl<Isa>::run};

}  // namespace ams::detail
