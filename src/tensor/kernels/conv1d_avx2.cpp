// conv1d.h with AVX2 and FMA.
#include "tensor/kernels/conv1d_impl.h"
#include "tensor/kernels/conv1d_sets.h"

namespace ams::detail {
namespace {

struct Isa {
  static constexpr int64_t kLanes = 8;
  static constexpr int64_t kRows = 6;
  static constexpr int64_t kVectors = 2;
};

}  // namespace

const Conv1dKernel kConv1dAvx2{
    "avx2", Isa::kRows, Conv1dImpl<Isa>::scratch_size, Conv1dImpl<Isa>::run};

}  // namespace ams::detail
