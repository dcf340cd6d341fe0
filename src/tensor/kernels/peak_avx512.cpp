// peak.h with AVX-512.
#include "tensor/kernels/peak_impl.h"

namespace ams::detail {
namespace {

struct Isa {
  static constexpr int kLanes = 16;
  static constexpr int kSums = 24;
};

}  // namespace

int64_t peak_avx512(int64_t rounds) { return peak_loop<Isa>(rounds); }

}  // namespace ams::detail
