// Gate, residual, RMSNorm and modulation in one pass over the residual stream.
//
// Computes: ResidualNorm of residual_norm.h. h [rows, width] fp32 in place, out [rows, width] bf16
// (fp32 for the last norm), product [rows, width] bf16, vectors [width] fp32.
//
// Layout: one block of 128 threads a row; thread i holds elements 4 (i + 128 n) in registers, so
// the row is read and written once. Sums in fp32, in a fixed order.
//
// Limit: memory, 12 bytes an element (h read and written, product read, out written). Share of the
// memory ceiling: not yet measured.
#include "base/error.h"
#include "base/str.h"
#include "cuda/kernels/residual_norm.h"
#include "cuda/launch.h"
#include "cuda/warp.h"

namespace ams::cuda {
namespace {

constexpr int kThreads = 128;
constexpr int kPerVector = 4;

__device__ __forceinline__ float4 vector_at(const float* values, int vector) {
  return reinterpret_cast<const float4*>(values)[vector];
}

__device__ __forceinline__ void store(float* row, int vector, float4 v) {
  reinterpret_cast<float4*>(row)[vector] = v;
}

__device__ __forceinline__ void store(Bf16* row, int vector, float4 v) {
  reinterpret_cast<uint2*>(row)[vector] = make_uint2(pack_bf16(v.x, v.y), pack_bf16(v.z, v.w));
}

template <int kVectors, class Out>
__global__ void __launch_bounds__(kThreads) residual_norm_kernel(ResidualNorm work) {
  auto* partial = reinterpret_cast<float*>(shared_memory());
  const int vectors = work.width / kPerVector;
  const int64_t offset = static_cast<int64_t>(blockIdx.x) * work.width;
  float* const stream = work.stream + offset;
  float4 h[kVectors] = {};
  float squares = 0.0f;
#pragma unroll
  for (int n = 0; n < kVectors; ++n) {
    const int i = static_cast<int>(threadIdx.x) + n * kThreads;
    if (i >= vectors) continue;
    h[n] = vector_at(stream, i);
    if (work.product) {
      const uint2 packed = reinterpret_cast<const uint2*>(work.product + offset)[i];
      const float2 low = unpack_bf16(packed.x);
      const float2 high = unpack_bf16(packed.y);
      const float4 gate = work.gate ? vector_at(work.gate, i) : make_float4(1.0f, 1.0f, 1.0f, 1.0f);
      h[n].x += gate.x * low.x;
      h[n].y += gate.y * low.y;
      h[n].z += gate.z * high.x;
      h[n].w += gate.w * high.y;
    }
    if (work.addend) {
      const float4 addend = vector_at(work.addend, i);
      h[n].x += addend.x;
      h[n].y += addend.y;
      h[n].z += addend.z;
      h[n].w += addend.w;
    }
    if (work.product || work.addend) store(stream, i, h[n]);
    squares += h[n].x * h[n].x + h[n].y * h[n].y + h[n].z * h[n].z + h[n].w * h[n].w;
  }
  const float mean = block_sum<kThreads>(squares, partial) / static_cast<float>(work.width);
  const float inverse = rsqrtf(mean + work.eps);
  Out* const out = static_cast<Out*>(work.out) + offset;
#pragma unroll
  for (int n = 0; n < kVectors; ++n) {
    const int i = static_cast<int>(threadIdx.x) + n * kThreads;
    if (i >= vectors) continue;
    const float4 factor = vector_at(work.factor, i);
    const float4 shift =
        work.shift ? vector_at(work.shift, i) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    store(out,
          i,
          make_float4(h[n].x * inverse * factor.x + shift.x,
                      h[n].y * inverse * factor.y + shift.y,
                      h[n].z * inverse * factor.z + shift.z,
                      h[n].w * inverse * factor.w + shift.w));
  }
}

template <int kVectors>
void start(Queue& queue, const ResidualNorm& work) {
  const LaunchShape shape{
      static_cast<uint32_t>(work.rows), kThreads, kThreads / kWarp * sizeof(float)};
  if (work.out_type == ValueType::F32) {
    launch(queue, "residual_norm", residual_norm_kernel<kVectors, float>, shape, work);
  } else {
    launch(queue, "residual_norm", residual_norm_kernel<kVectors, Bf16>, shape, work);
  }
}

}  // namespace

void residual_norm(Queue& queue, const ResidualNorm& work) {
  if (work.rows == 0) return;
  if (work.width <= 0 || work.width % kPerVector != 0 || work.width > kMostNormWidth) {
    throw Error(ErrorCode::Internal,
                str("cuda: a norm over ",
                    work.width,
                    " values, expected a multiple of 4 up to ",
                    kMostNormWidth));
  }
  switch (blocks_of(work.width, kThreads * kPerVector)) {
    case 1:
      return start<1>(queue, work);
    case 2:
      return start<2>(queue, work);
    case 3:
      return start<3>(queue, work);
    case 4:
      return start<4>(queue, work);
    case 5:
      return start<5>(queue, work);
    case 6:
      return start<6>(queue, work);
    default:
      return start<8>(queue, work);
  }
}

}  // namespace ams::cuda
