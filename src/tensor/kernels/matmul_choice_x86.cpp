// Which product kernels an x86-64 processor runs.
#include "tensor/kernels/matmul_sets.h"

namespace ams {

const MatmulKernel* matmul_kernel() {
  static const bool runs = [] {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bf16");
  }();
  return runs ? &detail::kMatmulAvx512Bf16 : nullptr;
}

}  // namespace ams
