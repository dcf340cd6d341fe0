// Which attention kernels a processor other than x86-64 runs.
#include "tensor/kernels/attention_sets.h"

namespace ams {

int attention_kernels(const AttentionKernel* kernels[4]) {
  kernels[0] = &detail::kAttentionGeneric;
  return 1;
}

const AttentionKernel& attention_kernel() { return detail::kAttentionGeneric; }

}  // namespace ams
