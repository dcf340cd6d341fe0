// The few instructions of tensor cores and asynchronous copies in use (sm_80 and newer), as
// functions of a warp: PTX under nvcc, emulated on the host.
#pragma once

#include "cuda/bf16.h"
#include "cuda/simt.h"

#if !defined(__CUDACC__)
#include "cuda/emulator/tensor_core_emulator.h"
#define AMS_SIMT_CALLER , std::source_location where = std::source_location::current()
#else
#define AMS_SIMT_CALLER
#endif

namespace ams::cuda {

// sums [16, 8] += a [16, 16] b [16, 8], bf16 with fp32 sums. Lane 4 g + m holds of the sums rows g
// and g + 8, columns 2 m and 2 m + 1; of a the pairs (g, 2 m), (g + 8, 2 m), (g, 2 m + 8),
// (g + 8, 2 m + 8); of b, column g, the pairs at rows 2 m and 2 m + 8.
__device__ __forceinline__ void mma_m16n8k16(float (&sums)[4],
                                             const uint32_t (&a)[4],
                                             const uint32_t (&b)[2] AMS_SIMT_CALLER) {
#if AMS_HAS_SM80
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#elif defined(__CUDACC__)
  __trap();
#else
  simt::mma_m16n8k16(sums, a, b, where);
#endif
}

// Four 8x8 matrices of 16-bit values from shared memory; lane i gives the address of row i % 8 of
// matrix i / 8, aligned to 16 bytes. Lane 4 g + m gets of each matrix row g, columns 2 m, 2 m + 1.
__device__ __forceinline__ void load_matrices(uint32_t (&values)[4],
                                              const void* row AMS_SIMT_CALLER) {
#if AMS_HAS_SM80
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(values[0]), "=r"(values[1]), "=r"(values[2]), "=r"(values[3])
               : "r"(address)
               : "memory");
#elif defined(__CUDACC__)
  __trap();
#else
  simt::load_matrices<4>(values, row, /*transposed=*/false, where);
#endif
}

// The same, each matrix transposed: lane 4 g + m gets column g, rows 2 m and 2 m + 1.
__device__ __forceinline__ void load_matrices_transposed(uint32_t (&values)[4],
                                                         const void* row AMS_SIMT_CALLER) {
#if AMS_HAS_SM80
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(values[0]), "=r"(values[1]), "=r"(values[2]), "=r"(values[3])
               : "r"(address)
               : "memory");
#elif defined(__CUDACC__)
  __trap();
#else
  simt::load_matrices<4>(values, row, /*transposed=*/true, where);
#endif
}

// Starts a copy of 16 bytes from global to shared memory; zeros instead if not `is_valid` (then
// `from` is not read). Belongs to the group that the next commit_copies() closes.
__device__ __forceinline__ void copy_async_16(void* to, const void* from, bool is_valid) {
#if AMS_HAS_SM80
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(to));
  const int bytes = is_valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
               :
               : "r"(address), "l"(from), "r"(bytes)
               : "memory");
#elif defined(__CUDACC__)
  __trap();
#else
  simt::BlockRunner::instance().async_copy(to, from, 16, is_valid ? 16 : 0);
#endif
}

__device__ __forceinline__ void commit_copies() {
#if AMS_HAS_SM80
  asm volatile("cp.async.commit_group;" ::: "memory");
#elif defined(__CUDACC__)
  __trap();
#else
  simt::BlockRunner::instance().commit_async_group();
#endif
}

// Waits until at most kPending groups of this thread are under way. Other threads see the data
// after a barrier.
template <int kPending>
__device__ __forceinline__ void wait_for_copies() {
#if AMS_HAS_SM80
  asm volatile("cp.async.wait_group %0;" : : "n"(kPending) : "memory");
#elif defined(__CUDACC__)
  __trap();
#else
  simt::BlockRunner::instance().wait_async_groups(kPending);
#endif
}

}  // namespace ams::cuda

#undef AMS_SIMT_CALLER
