// The loops that are compiled in; which of them may run is decided in peak_choice_*.cpp.
#pragma once

#include "tensor/kernels/peak.h"

namespace ams::detail {

int64_t peak_avx512_bf16(int64_t rounds);
int64_t peak_avx512(int64_t rounds);
int64_t peak_avx2(int64_t rounds);
int64_t peak_generic(int64_t rounds);

}  // namespace ams::detail
