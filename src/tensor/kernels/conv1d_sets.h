// The kernels that are compiled in; which of them may run is decided in conv1d_choice_*.cpp.
#pragma once

#include "tensor/kernels/conv1d.h"

namespace ams::detail {

extern const Conv1dKernel kConv1dAvx512;
extern const Conv1dKernel kConv1dAvx2;
extern const Conv1dKernel kConv1dGeneric;

}  // namespace ams::detail
