// The kernels that are compiled in; which of them may run is decided in attention_choice_*.cpp.
#pragma once

#include "tensor/kernels/attention.h"

namespace ams::detail {

extern const AttentionKernel kAttentionAvx512;
extern const AttentionKernel kAttentionAvx2;
extern const AttentionKernel kAttentionGeneric;

}  // namespace ams::detail
