// The kernels that are compiled in; which of them may run is decided in matmul_choice_*.cpp.
#pragma once

#include "tensor/kernels/matmul.h"

namespace ams::detail {

extern const MatmulKernel kMatmulAvx512Bf16;

}  // namespace ams::detail
