// Which convolution kernels an x86-64 processor runs.
#include "tensor/kernels/conv1d_sets.h"

namespace ams {

int conv1d_kernels(const Conv1dKernel* kernels[4]) {
  int count = 0;
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")) {
    kernels[count++] = &detail::kConv1dAvx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    kernels[count++] = &detail::kConv1dAvx2;
  }
  kernels[count++] = &detail::kConv1dGeneric;
  return count;
}

const Conv1dKernel& conv1d_kernel() {
  const Conv1dKernel* kernels[4];
  conv1d_kernels(kernels);
  return *kernels[0];
}

}  // namespace ams
