// Which loops an x86-64 processor runs.
#include "tensor/kernels/peak_sets.h"

namespace ams {

PeakLoops peak_loops() {
  __builtin_cpu_init();
  PeakLoop fp32 = detail::peak_generic;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) fp32 = detail::peak_avx2;
  if (__builtin_cpu_supports("avx512f")) fp32 = detail::peak_avx512;
  const bool has_bf16 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bf16");
  return {fp32, has_bf16 ? detail::peak_avx512_bf16 : fp32};
}

}  // namespace ams
