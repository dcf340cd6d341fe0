// Matrix times vector for embeddings of the noise level.
//
// Computes: MatrixVector of matrix_vector.h. w [outputs, inputs] bf16, x and y fp32, sums in fp32.
//
// Layout: one warp a row of w; a lane reads 8 neighbouring values at a time.
//
// Limit: memory, w is read once. Share of the memory ceiling: not yet measured.
#include "base/error.h"
#include "base/str.h"
#include "cuda/fast_math.h"
#include "cuda/kernels/matrix_vector.h"
#include "cuda/launch.h"
#include "cuda/warp.h"

namespace ams::cuda {
namespace {

constexpr int kWarps = 8;
constexpr int kPerLane = 8;

__device__ __forceinline__ float dot(uint32_t pair, float x, float y) {
  const float2 w = unpack_bf16(pair);
  return w.x * x + w.y * y;
}

__global__ void __launch_bounds__(kWarps* kWarp) matrix_vector_kernel(MatrixVector work) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int64_t row =
      static_cast<int64_t>(blockIdx.x) * kWarps + static_cast<int>(threadIdx.x) / kWarp;
  if (row >= work.outputs) return;
  const auto* const w = reinterpret_cast<const uint4*>(work.w + row * work.inputs);
  const auto* const x = reinterpret_cast<const float4*>(work.x);
  const int64_t vectors = work.inputs / kPerLane;
  float sum = 0.0f;
#pragma unroll 4
  for (int64_t i = lane; i < vectors; i += kWarp) {
    const uint4 packed = w[i];
    const float4 low = x[2 * i];
    const float4 high = x[2 * i + 1];
    sum += dot(packed.x, low.x, low.y) + dot(packed.y, low.z, low.w) +
           dot(packed.z, high.x, high.y) + dot(packed.w, high.z, high.w);
  }
  sum = warp_sum(sum);
  if (lane != 0) return;
  if (work.bias) sum += work.bias[row];
  if (work.y) work.y[row] = sum;
  if (work.activated) work.activated[row] = silu(sum);
}

}  // namespace

void matrix_vector(Queue& queue, const MatrixVector& work) {
  if (work.inputs % kPerLane != 0) {
    throw Error(ErrorCode::Internal,
                str("cuda: a vector of ", work.inputs, " values, not a multiple of 8"));
  }
  const LaunchShape shape{static_cast<uint32_t>(blocks_of(work.outputs, kWarps)), kWarps * kWarp};
  launch(queue, "matrix_vector", matrix_vector_kernel, shape, work);
}

}  // namespace ams::cuda
