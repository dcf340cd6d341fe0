// SwiGLU of the packed product.
//
// Computes: swiglu() of swiglu.h. gate_up [rows, 2 width] bf16 -> out [rows, width] bf16.
//
// Layout: a thread makes 8 neighbouring values (16 bytes of gate, up and out).
//
// Limit: memory, 6 bytes a value. Share of the memory ceiling: not yet measured.
#include "base/error.h"
#include "base/str.h"
#include "cuda/fast_math.h"
#include "cuda/kernels/swiglu.h"
#include "cuda/launch.h"

namespace ams::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kPerThread = 8;

__device__ __forceinline__ uint32_t gated(uint32_t gate, uint32_t up) {
  const float2 g = unpack_bf16(gate);
  const float2 u = unpack_bf16(up);
  return pack_bf16(silu(g.x) * u.x, silu(g.y) * u.y);
}

__global__ void __launch_bounds__(kThreads)
    swiglu_kernel(const Bf16* gate_up, Bf16* out, int64_t rows, int64_t width) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int64_t vectors = width / kPerThread;  // of a row
  if (i >= rows * vectors) return;
  const int64_t row = i / vectors;
  const int64_t vector = i % vectors;
  const auto* const packed = reinterpret_cast<const uint4*>(gate_up) + 2 * row * vectors;
  const uint4 gate = packed[vector];
  const uint4 up = packed[vectors + vector];
  reinterpret_cast<uint4*>(out)[i] = make_uint4(
      gated(gate.x, up.x), gated(gate.y, up.y), gated(gate.z, up.z), gated(gate.w, up.w));
}

}  // namespace

void swiglu(Queue& queue, const Bf16* gate_up, Bf16* out, int64_t rows, int64_t width) {
  if (rows == 0) return;
  if (width % kPerThread != 0) {
    throw Error(ErrorCode::Internal,
                str("cuda: swiglu of ", width, " values, not a multiple of 8"));
  }
  const int64_t threads = rows * (width / kPerThread);
  const LaunchShape shape{static_cast<uint32_t>(blocks_of(threads, kThreads)), kThreads};
  launch(queue, "swiglu", swiglu_kernel, shape, gate_up, out, rows, width);
}

}  // namespace ams::cuda
