// conv1d.h with plain vectors of the target.
#include "tensor/kernels/conv1d_impl.h"
#include "tensor/kernels/conv1d_sets.h"

namespace ams::detail {
namespace {

struct Isa {
  static constexpr int64_t kLanes = 4;
  static constexpr int64_t kRows = 3;
  static constexpr int64_t kVectors = 4;
};

}  // namespace

const Conv1dKernel kConv1dGeneric{
    "generic", Isa::kRows, Conv1dImpl<Isa>::scratch_size, Conv1dImpl<Isa>::run};

}  // namespace ams::detail
