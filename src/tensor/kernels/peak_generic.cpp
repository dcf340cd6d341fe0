// peak.h with plain vectors of the target.
#include "tensor/kernels/peak_impl.h"

namespace ams::detail {
namespace {

struct Isa {
  static constexpr int kLanes = 4;
  static constexpr int kSums = 8;
};

}  // namespace

int64_t peak_generic(int64_t rounds) { return peak_loop<Isa>(rounds); }

}  // namespace ams::detail
