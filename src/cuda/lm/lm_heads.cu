// Norms and rotation of heads, and the new lines of the caches.
//
// Computes  LmHeads of lm_heads.h.
// Layout    one warp a head of a row; lane i holds pairs i, i + 32, … of it.
// Limit     latency: a few kilobytes a row.
// Share     of the memory ceiling: not yet measured.
#include "cuda/bf16.h"
#include "cuda/launch.h"
#include "cuda/lm/lm_heads.h"
#include "cuda/warp.h"

namespace ams::cuda {
namespace {

constexpr int kWarps = 4;

__device__ __forceinline__ void store(const LmCache& cache, void* to, int64_t at, float value) {
  if (cache.is_exact) {
    static_cast<float*>(to)[at] = value;
  } else {
    static_cast<Bf16*>(to)[at] = to_bf16(value);
  }
}

__global__ void __launch_bounds__(kWarps* kWarp) lm_heads_kernel(LmHeads work) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int head = static_cast<int>(blockIdx.x) * kWarps + static_cast<int>(threadIdx.x) / kWarp;
  const int row = static_cast<int>(blockIdx.y);
  const int all_heads = work.heads + 2 * work.kv_heads;
  if (head >= all_heads) return;
  const int pairs = work.head_dim / 2;
  float* const values = work.qkv + (static_cast<int64_t>(row) * all_heads + head) * work.head_dim;
  const int position = work.where.positions[row];
  const bool is_query = head < work.heads;
  const bool is_value = head >= work.heads + work.kv_heads;
  const int kv_head = (head - work.heads) % work.kv_heads;
  const int64_t line =
      ((static_cast<int64_t>(work.where.sequences[row]) * work.cache.capacity + position) *
           work.kv_heads +
       kv_head) *
      work.head_dim;  // not of queries
  if (is_value) {
    for (int i = lane; i < work.head_dim; i += kWarp) {
      store(work.cache, work.cache.values, line + i, values[i]);
    }
    return;
  }
  const float* const norm = is_query ? work.q_norm : work.k_norm;
  float inverse = 1.0f;
  if (norm) {
    float squares = 0.0f;
    for (int i = lane; i < work.head_dim; i += kWarp) squares += values[i] * values[i];
    inverse = rsqrtf(warp_sum(squares) / static_cast<float>(work.head_dim) + work.eps);
  }
  const auto* const turns =
      reinterpret_cast<const float2*>(work.rotary) + static_cast<int64_t>(position) * pairs;
  for (int i = lane; i < pairs; i += kWarp) {
    const float2 turn = turns[i];
    const float a = values[i] * (norm ? inverse * norm[i] : 1.0f);
    const float b = values[i + pairs] * (norm ? inverse * norm[i + pairs] : 1.0f);
    const float low = a * turn.x - b * turn.y;
    const float high = b * turn.x + a * turn.y;
    if (is_query) {
      values[i] = low;
      values[i + pairs] = high;
    } else {
      store(work.cache, work.cache.keys, line + i, low);
      store(work.cache, work.cache.keys, line + i + pairs, high);
    }
  }
}

}  // namespace

void lm_heads(Queue& queue, const LmHeads& work) {
  if (work.rows == 0) return;
  const auto blocks = static_cast<uint32_t>(blocks_of(work.heads + 2 * work.kv_heads, kWarps));
  const LaunchShape shape{dim3(blocks, static_cast<uint32_t>(work.rows)), kWarps * kWarp};
  launch(queue, "lm_heads", lm_heads_kernel, shape, work);
}

}  // namespace ams::cuda
