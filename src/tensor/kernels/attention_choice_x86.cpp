// Which attention kernels an x86-64 processor runs.
#include "tensor/kernels/attention_sets.h"

namespace ams {

int attention_kernels(const AttentionKernel* kernels[4]) {
  int count = 0;
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")) {
    kernels[count++] = &detail::kAttentionAvx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    kernels[count++] = &detail::kAttentionAvx2;
  }
  kernels[count++] = &detail::kAttentionGeneric;
  return count;
}

const AttentionKernel& attention_kernel() {
  const AttentionKernel* kernels[4];
  attention_kernels(kernels);
  return *kernels[0];
}

}  // namespace ams
