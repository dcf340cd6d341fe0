// Which convolution kernels a processor other than x86-64 runs.
#include "tensor/kernels/conv1d_sets.h"

namespace ams {

int conv1d_kernels(const Conv1dKernel* kernels[4]) {
  kernels[0] = &detail::kConv1dGeneric;
  return 1;
}

const Conv1dKernel& conv1d_kernel() { return detail::kConv1dGeneric; }

}  // namespace ams
