// peak.h with AVX2 and FMA.
#include "tensor/kernels/peak_impl.h"

namespace ams::detail {
namespace {

struct Isa {
  static constexpr int kLanes = 8;
  static constexpr int kSums = 12;
};

}  // namespace

int64_t peak_avx2(int64_t rounds) { return peak_loop<Isa>(rounds); }

}  // namespace ams::detail
