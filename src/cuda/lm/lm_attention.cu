// Attention over caches, cut along the sequence (arXiv:2311.01282) with a combination in fixed
// order.
//
// Computes  LmAttention of lm_attention.h: q fp32, caches bf16 or fp32, sums in fp32.
// Layout    one block of 4 warps for 64 cached tokens of one key head and row, for all query heads
//           that share it: keys and values are read once. A lane holds 8 neighbouring values of a
//           head. Blocks behind the row's own position end at once. A second kernel combines the
//           chunks' results in their order.
// Limit     memory: the caches are read once for each row.
// Share     of the memory ceiling: not yet measured.
#include "base/error.h"
#include "base/str.h"
#include "cuda/bf16.h"
#include "cuda/fast_math.h"
#include "cuda/launch.h"
#include "cuda/lm/lm_attention.h"
#include "cuda/lm/load_values.h"
#include "cuda/warp.h"

namespace ams::cuda {
namespace {

constexpr int kWarps = 4;
constexpr int kThreads = kWarps * kWarp;
constexpr int kChunk = kAttentionChunk;
constexpr int kPerLane = kLoadedValues;
constexpr int kHeadsAtOnce = 4;  // whose sums a lane holds
constexpr int kCombineThreads = 128;

// Of one chunk and head: the largest score (in powers of 2) and the sum of weights; then the
// weighted values.
__device__ __forceinline__ int64_t
chunk_index(const LmAttention& work, int64_t chunks, int row, int head, int64_t chunk) {
  return (static_cast<int64_t>(row) * work.heads + head) * chunks + chunk;
}

template <class T, int kLanes>
__global__ void __launch_bounds__(kThreads) lm_attention_kernel(LmAttention work) {
  constexpr int kHeadDim = kPerLane * kLanes;
  constexpr int kTogether = kWarp / kLanes;  // tokens that a warp looks at together
  constexpr int kStep = kWarps * kTogether;
  const int row = static_cast<int>(blockIdx.z);
  const int kv_head = static_cast<int>(blockIdx.y);
  const int first = static_cast<int>(blockIdx.x) * kChunk;
  const int length = work.where.positions[row] + 1;
  if (first >= length) return;
  const int count = length - first < kChunk ? length - first : kChunk;
  const int group = work.heads / work.kv_heads;
  const int thread = static_cast<int>(threadIdx.x);
  const int warp = thread / kWarp;
  const int lane = thread % kWarp;
  const int slice = lane % kLanes * kPerLane;
  const int token = warp * kTogether + lane / kLanes;

  auto* const q = reinterpret_cast<float*>(shared_memory());  // [group, head_dim]
  float* const weights = q + group * kHeadDim;                // [group, chunk]
  float* const sums = weights + group * kChunk;               // [warps, heads at once, head_dim]

  const float scale = 1.44269504f * rsqrtf(static_cast<float>(kHeadDim));
  const float* const queries =
      work.q + row * work.q_stride + static_cast<int64_t>(kv_head) * group * kHeadDim;
  for (int i = thread; i < group * kHeadDim; i += kThreads) q[i] = queries[i] * scale;
  __syncthreads();

  const int64_t token_stride = static_cast<int64_t>(work.kv_heads) * kHeadDim;
  const int64_t start = (work.where.sequences[row] * work.cache.capacity + first) * token_stride +
                        static_cast<int64_t>(kv_head) * kHeadDim + slice;
  const T* const keys = static_cast<const T*>(work.cache.keys) + start;
  const T* const values = static_cast<const T*>(work.cache.values) + start;

#pragma unroll 2
  for (int base = 0; base < kChunk; base += kStep) {
    const int t = base + token;
    float k[kPerLane] = {};
    if (t < count) load_values(keys + t * token_stride, k);
    for (int h = 0; h < group; ++h) {
      const float* const query = q + h * kHeadDim + slice;
      float score = 0.0f;
#pragma unroll
      for (int i = 0; i < kPerLane; ++i) score += query[i] * k[i];
#pragma unroll
      for (int bits = kLanes / 2; bits > 0; bits /= 2) {
        score += __shfl_xor_sync(kWholeWarp, score, bits);
      }
      if (lane % kLanes == 0 && t < kChunk) weights[h * kChunk + t] = t < count ? score : -INFINITY;
    }
  }
  __syncthreads();

  const int64_t chunks = gridDim.x;
  for (int h = warp; h < group; h += kWarps) {
    float* const scores = weights + h * kChunk;
    const float low = scores[lane];
    const float high = scores[lane + kWarp];
    const float largest = warp_max(fmaxf(low, high));
    const float weight_low = fast_exp2(low - largest);
    const float weight_high = fast_exp2(high - largest);
    scores[lane] = weight_low;
    scores[lane + kWarp] = weight_high;
    const float sum = warp_sum(weight_low + weight_high);
    if (lane == 0) {
      const int64_t at =
          chunk_index(work, chunks, row, kv_head * group + h, static_cast<int64_t>(blockIdx.x));
      work.partial[2 * at] = largest;
      work.partial[2 * at + 1] = sum;
    }
  }
  __syncthreads();

  float* const mixed = work.partial + 2 * chunks * work.heads * static_cast<int64_t>(gridDim.z);
  for (int head = 0; head < group; head += kHeadsAtOnce) {
    float sum[kHeadsAtOnce][kPerLane] = {};
    for (int t = token; t < count; t += kStep) {
      float v[kPerLane];
      load_values(values + t * token_stride, v);
#pragma unroll
      for (int h = 0; h < kHeadsAtOnce; ++h) {
        const float weight = head + h < group ? weights[(head + h) * kChunk + t] : 0.0f;
#pragma unroll
        for (int i = 0; i < kPerLane; ++i) sum[h][i] += weight * v[i];
      }
    }
#pragma unroll
    for (int h = 0; h < kHeadsAtOnce; ++h) {
#pragma unroll
      for (int i = 0; i < kPerLane; ++i) {
#pragma unroll
        for (int bits = kLanes; bits < kWarp; bits *= 2) {
          sum[h][i] += __shfl_xor_sync(kWholeWarp, sum[h][i], bits);
        }
        if (lane < kLanes) sums[(warp * kHeadsAtOnce + h) * kHeadDim + slice + i] = sum[h][i];
      }
    }
    __syncthreads();
    for (int i = thread; i < kHeadsAtOnce * kHeadDim; i += kThreads) {
      const int h = head + i / kHeadDim;
      if (h >= group) continue;
      float total = 0.0f;
#pragma unroll
      for (int w = 0; w < kWarps; ++w) total += sums[w * kHeadsAtOnce * kHeadDim + i];
      const int64_t at =
          chunk_index(work, chunks, row, kv_head * group + h, static_cast<int64_t>(blockIdx.x));
      mixed[at * kHeadDim + i % kHeadDim] = total;
    }
    __syncthreads();
  }
}

__global__ void __launch_bounds__(kCombineThreads)
    lm_attention_combine_kernel(LmAttention work, int64_t chunks) {
  const int head = static_cast<int>(blockIdx.x);
  const int row = static_cast<int>(blockIdx.y);
  const int i = static_cast<int>(threadIdx.x);
  if (i >= work.head_dim) return;
  const int64_t used = work.where.positions[row] / kChunk + 1;
  const int64_t first = chunk_index(work, chunks, row, head, 0);
  const auto* const stats = reinterpret_cast<const float2*>(work.partial) + first;
  const float* const mixed =
      work.partial + 2 * chunks * work.heads * work.rows + first * work.head_dim + i;
  float largest = -INFINITY;
  for (int64_t chunk = 0; chunk < used; ++chunk) largest = fmaxf(largest, stats[chunk].x);
  float sum = 0.0f;
  float total = 0.0f;
#pragma unroll 4
  for (int64_t chunk = 0; chunk < used; ++chunk) {
    const float2 stat = stats[chunk];
    const float weight = fast_exp2(stat.x - largest);
    sum += weight * stat.y;
    total += weight * mixed[chunk * work.head_dim];
  }
  const float out = total / sum;
  const int64_t at = (static_cast<int64_t>(row) * work.heads + head) * work.head_dim + i;
  if (work.out_type == ValueType::F32) {
    static_cast<float*>(work.out)[at] = out;
  } else {
    static_cast<Bf16*>(work.out)[at] = to_bf16(out);
  }
}

int64_t chunks_of(const LmAttention& work) { return blocks_of(work.most_positions, kChunk); }

template <int kLanes>
void start(Queue& queue, const LmAttention& work) {
  const int group = work.heads / work.kv_heads;
  const int values = group * (work.head_dim + kChunk) + kWarps * kHeadsAtOnce * work.head_dim;
  const LaunchShape shape{dim3(static_cast<uint32_t>(chunks_of(work)),
                               static_cast<uint32_t>(work.kv_heads),
                               static_cast<uint32_t>(work.rows)),
                          kThreads,
                          static_cast<size_t>(values) * sizeof(float)};
  if (work.cache.is_exact) {
    launch(queue, "lm_attention", lm_attention_kernel<float, kLanes>, shape, work);
  } else {
    launch(queue, "lm_attention", lm_attention_kernel<Bf16, kLanes>, shape, work);
  }
}

void start_chunks(Queue& queue, const LmAttention& work) {
  switch (work.head_dim) {
    case 8:
      return start<1>(queue, work);
    case 16:
      return start<2>(queue, work);
    case 32:
      return start<4>(queue, work);
    case 64:
      return start<8>(queue, work);
    case 128:
      return start<16>(queue, work);
    default:
      throw Error(ErrorCode::Internal, str("cuda: heads of ", work.head_dim, " values"));
  }
}

}  // namespace

int64_t attention_partials(const LmAttention& work) {
  return chunks_of(work) * work.heads * work.rows * (work.head_dim + 2);
}

void lm_attention(Queue& queue, const LmAttention& work) {
  if (work.heads > kMostHeadGroup * work.kv_heads) {
    throw Error(ErrorCode::Internal,
                str("cuda: ", work.heads / work.kv_heads, " query heads of a key head"));
  }
  start_chunks(queue, work);
  const LaunchShape shape{dim3(static_cast<uint32_t>(work.heads), static_cast<uint32_t>(work.rows)),
                          kCombineThreads};
  launch(queue, "lm_attention_combine", lm_attention_combine_kernel, shape, work, chunks_of(work));
}

}  // namespace ams::cuda
