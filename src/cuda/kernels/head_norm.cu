// RMSNorm of each head of q and k with rotary positions, in place in the packed product.
//
// Computes: HeadNorm of head_norm.h on heads [rows, row_stride] bf16.
//
// Layout: one block of 8 warps a row: cosines and sines of the row's position stay in registers
// while a warp goes over its heads. A lane holds pairs (i, i + head_dim / 2).
//
// Limit: memory, 4 bytes a value of q and k (read and written once). Share of the memory ceiling:
// not yet measured.
#include "base/error.h"
#include "base/str.h"
#include "cuda/kernels/head_norm.h"
#include "cuda/launch.h"
#include "cuda/warp.h"

namespace ams::cuda {
namespace {

constexpr int kWarps = 8;

template <int kHeadDim>
__global__ void __launch_bounds__(kWarps* kWarp) head_norm_kernel(HeadNorm work) {
  constexpr int kPairs = kHeadDim / 2;
  constexpr int kPerLane = kPairs > kWarp ? kPairs / kWarp : 1;  // neighbours
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int64_t row = blockIdx.x;
  const int first = lane * kPerLane;  // of the lane's pairs
  const bool is_used = first < kPairs;
  float cosine[kPerLane];
  float sine[kPerLane];
#pragma unroll
  for (int i = 0; i < kPerLane; ++i) {
    cosine[i] = 1.0f;
    sine[i] = 0.0f;
    if (work.rotary && is_used) {
      const int64_t at = (row % work.positions) * kPairs + first + i;
      const float2 turn = reinterpret_cast<const float2*>(work.rotary)[at];
      cosine[i] = turn.x;
      sine[i] = turn.y;
    }
  }
  for (int head = warp; head < work.q_heads + work.k_heads; head += kWarps) {
    Bf16* const values = work.heads + row * work.row_stride + head * kHeadDim;
    const float* const weight = head < work.q_heads ? work.q_weight : work.k_weight;
    float low[kPerLane] = {};
    float high[kPerLane] = {};
    if (is_used) {
      if constexpr (kPerLane == 2) {
        const float2 a = unpack_bf16(reinterpret_cast<const uint32_t*>(values)[lane]);
        const float2 b = unpack_bf16(reinterpret_cast<const uint32_t*>(values + kPairs)[lane]);
        low[0] = a.x;
        low[1] = a.y;
        high[0] = b.x;
        high[1] = b.y;
      } else {
        low[0] = to_float(values[first]);
        high[0] = to_float(values[first + kPairs]);
      }
    }
    float squares = 0.0f;
#pragma unroll
    for (int i = 0; i < kPerLane; ++i) squares += low[i] * low[i] + high[i] * high[i];
    const float inverse = rsqrtf(warp_sum(squares) / kHeadDim + work.eps);
    if (!is_used) continue;
    float turned_low[kPerLane];
    float turned_high[kPerLane];
#pragma unroll
    for (int i = 0; i < kPerLane; ++i) {
      const float a = low[i] * inverse * weight[first + i];
      const float b = high[i] * inverse * weight[first + i + kPairs];
      turned_low[i] = a * cosine[i] - b * sine[i];
      turned_high[i] = b * cosine[i] + a * sine[i];
    }
    if constexpr (kPerLane == 2) {
      reinterpret_cast<uint32_t*>(values)[lane] = pack_bf16(turned_low[0], turned_low[1]);
      reinterpret_cast<uint32_t*>(values + kPairs)[lane] =
          pack_bf16(turned_high[0], turned_high[1]);
    } else {
      values[first] = to_bf16(turned_low[0]);
      values[first + kPairs] = to_bf16(turned_high[0]);
    }
  }
}

template <int kHeadDim>
void start(Queue& queue, const HeadNorm& work) {
  const LaunchShape shape{static_cast<uint32_t>(work.rows), kWarps * kWarp, 0};
  launch(queue, "head_norm", head_norm_kernel<kHeadDim>, shape, work);
}

}  // namespace

void head_norm(Queue& queue, const HeadNorm& work) {
  if (work.rows == 0) return;
  switch (work.head_dim) {
    case 16:
      return start<16>(queue, work);
    case 32:
      return start<32>(queue, work);
    case 64:
      return start<64>(queue, work);
    case 128:
      return start<128>(queue, work);
    default:
      throw Error(ErrorCode::Internal,
                  str("cuda: heads of ", work.head_dim, " values, expected 16, 32, 64 or 128"));
  }
}

}  // namespace ams::cuda
