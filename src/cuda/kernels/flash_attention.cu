// Flash attention for full, windowed and cross attention.
//
// Computes: FlashAttention of flash_attention.h. bf16 operands; fp32 scores, softmax and sums;
// weights are rounded to bf16 for the second product.
//
// Layout: a block of 4 warps takes 128 queries of one head, a warp 32 of them; keys and values pass
// in tiles of 64. All lie in shared memory in rows of head_dim whose 16-byte pieces are permuted,
// so that ldmatrix meets no bank twice. Values of a tile are copied while its scores are computed,
// the next keys during softmax and second product. Only tiles that touch the window are visited;
// masks are applied to tiles on its border alone.
//
// Resources: head_dim * 512 bytes of shared memory, 64 KiB for 128, so two blocks fit on sm_80 and
// sm_90, one on sm_86. 255 registers and 128 bytes of spills a thread for head_dim 128, no spills
// below (CUDA 13, sm_80 and sm_90).
//
// Limit: tensor cores, 4 * queries * keys * head_dim operations a head. mma.sync reaches about two
// thirds of wgmma's rate on sm_90. Share of the product ceiling: not yet measured.
#include "base/error.h"
#include "base/str.h"
#include "cuda/fast_math.h"
#include "cuda/kernels/flash_attention.h"
#include "cuda/launch.h"
#include "cuda/tensor_core.h"

namespace ams::cuda {
namespace {

constexpr int kWarps = 4;
constexpr int kThreads = kWarps * kWarp;
constexpr int kRows = 32;                 // queries of a warp: two products high
constexpr int kQueries = kWarps * kRows;  // of a block
constexpr int kKeys = 64;                 // of a tile
constexpr int kHigh = kRows / 16;
constexpr int kWide = kKeys / 8;  // products side by side in the scores of a tile
constexpr float kMasked = -INFINITY;

// Where piece `piece` (8 values) of row `row` lies in a tile of rows of kHeadDim values.
template <int kHeadDim>
__device__ __forceinline__ int place(int row, int piece) {
  constexpr int kPieces = kHeadDim / 8;
  if constexpr (kPieces >= 8) {
    return row * kHeadDim + (piece ^ (row & 7)) * 8;
  } else {  // 8 / kPieces rows share the 128 bytes of all banks
    return row * kHeadDim + (piece ^ (row / (8 / kPieces) & (kPieces - 1))) * 8;
  }
}

// Starts copying rows [first, first + count) of a matrix with `length` rows; zeros behind its end.
template <int kHeadDim>
__device__ __forceinline__ void copy_rows(
    Bf16* tile, const Bf16* from, int64_t stride, int first, int count, int length) {
  constexpr int kPieces = kHeadDim / 8;
  for (int i = static_cast<int>(threadIdx.x); i < count * kPieces; i += kThreads) {
    const int row = i / kPieces;
    const int piece = i % kPieces;
    const bool exists = first + row < length;
    const Bf16* source = from + (exists ? (first + row) * stride + piece * 8 : 0);
    copy_async_16(tile + place<kHeadDim>(row, piece), source, exists);
  }
}

// Scores of a warp's 32 queries and a tile of keys.
template <int kHeadDim>
__device__ __forceinline__ void multiply_keys(float (&scores)[kHigh][kWide][4],
                                              const Bf16* queries,
                                              const Bf16* keys,
                                              int lane) {
#pragma unroll
  for (int high = 0; high < kHigh; ++high) {
#pragma unroll
    for (int wide = 0; wide < kWide; ++wide) {
#pragma unroll
      for (int i = 0; i < 4; ++i) scores[high][wide][i] = 0.0f;
    }
  }
#pragma unroll
  for (int step = 0; step < kHeadDim / 16; ++step) {
    uint32_t q[kHigh][4];
#pragma unroll
    for (int high = 0; high < kHigh; ++high) {
      load_matrices(q[high],
                    queries + place<kHeadDim>(high * 16 + lane % 16, 2 * step + lane / 16));
    }
#pragma unroll
    for (int wide = 0; wide < kWide; wide += 2) {
      uint32_t k[4];
      load_matrices(
          k, keys + place<kHeadDim>(wide * 8 + lane / 16 * 8 + lane % 8, 2 * step + lane / 8 % 2));
      const uint32_t left[2] = {k[0], k[1]};
      const uint32_t right[2] = {k[2], k[3]};
#pragma unroll
      for (int high = 0; high < kHigh; ++high) {
        mma_m16n8k16(scores[high][wide], q[high], left);
        mma_m16n8k16(scores[high][wide + 1], q[high], right);
      }
    }
  }
}

// Sums += weights [32, 64] values [64, head_dim].
template <int kHeadDim>
__device__ __forceinline__ void multiply_values(float (&sums)[kHigh][kHeadDim / 8][4],
                                                const float (&weights)[kHigh][kWide][4],
                                                const Bf16* values,
                                                int lane) {
#pragma unroll
  for (int step = 0; step < kKeys / 16; ++step) {
    uint32_t p[kHigh][4];
#pragma unroll
    for (int high = 0; high < kHigh; ++high) {
      const auto& left = weights[high][2 * step];
      const auto& right = weights[high][2 * step + 1];
      p[high][0] = pack_bf16(left[0], left[1]);
      p[high][1] = pack_bf16(left[2], left[3]);
      p[high][2] = pack_bf16(right[0], right[1]);
      p[high][3] = pack_bf16(right[2], right[3]);
    }
#pragma unroll
    for (int column = 0; column < kHeadDim / 8; column += 2) {
      uint32_t v[4];
      load_matrices_transposed(v,
                               values + place<kHeadDim>(step * 16 + lane % 16, column + lane / 16));
      const uint32_t left[2] = {v[0], v[1]};
      const uint32_t right[2] = {v[2], v[3]};
#pragma unroll
      for (int high = 0; high < kHigh; ++high) {
        mma_m16n8k16(sums[high][column], p[high], left);
        mma_m16n8k16(sums[high][column + 1], p[high], right);
      }
    }
  }
}

// Hides keys behind the end and outside of the window. `query` and `key` belong to the lane's first
// score.
__device__ __forceinline__ void mask_scores(
    float (&scores)[kHigh][kWide][4], int query, int key, int keys, int window) {
#pragma unroll
  for (int high = 0; high < kHigh; ++high) {
#pragma unroll
    for (int wide = 0; wide < kWide; ++wide) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int row = query + high * 16 + i / 2 * 8;
        const int column = key + wide * 8 + i % 2;
        const int distance = row > column ? row - column : column - row;
        const bool is_hidden = column >= keys || (window > 0 && distance > window);
        if (is_hidden) scores[high][wide][i] = kMasked;
      }
    }
  }
}

// The maximum and sum of each of the lane's rows so far: row g of [high][0], g + 8 of [high][1].
struct RowState {
  float most[kHigh][2];
  float sum[kHigh][2];  // of this lane's columns only
};

// Scores become weights; sums and row state are scaled to the new maximum. `scale` includes
// log2(e), because powers of two are what the card computes.
template <int kHeadDim>
__device__ __forceinline__ void soften(float (&scores)[kHigh][kWide][4],
                                       float (&sums)[kHigh][kHeadDim / 8][4],
                                       RowState& state,
                                       float scale) {
#pragma unroll
  for (int high = 0; high < kHigh; ++high) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float most = state.most[high][half];
#pragma unroll
      for (int wide = 0; wide < kWide; ++wide) {
        most = fmaxf(most, fmaxf(scores[high][wide][2 * half], scores[high][wide][2 * half + 1]));
      }
      most = fmaxf(most, __shfl_xor_sync(kWholeWarp, most, 1));
      most = fmaxf(most, __shfl_xor_sync(kWholeWarp, most, 2));
      // A row that has seen no key yet: any finite value keeps its weights at 0.
      const float reference = most == kMasked ? 0.0f : most * scale;
      const float shrink = fast_exp2(state.most[high][half] * scale - reference);
      state.most[high][half] = most;
      float sum = 0.0f;
#pragma unroll
      for (int wide = 0; wide < kWide; ++wide) {
#pragma unroll
        for (int i = 2 * half; i < 2 * half + 2; ++i) {
          const float weight = fast_exp2(scores[high][wide][i] * scale - reference);
          scores[high][wide][i] = weight;
          sum += weight;
        }
      }
      state.sum[high][half] = state.sum[high][half] * shrink + sum;
#pragma unroll
      for (int column = 0; column < kHeadDim / 8; ++column) {
        sums[high][column][2 * half] *= shrink;
        sums[high][column][2 * half + 1] *= shrink;
      }
    }
  }
}

// Divides by the weights' sum and stores through the warp's own rows of `tile`, so that whole rows
// go out in pieces of 16 bytes.
template <int kHeadDim>
__device__ __forceinline__ void store_rows(const float (&sums)[kHigh][kHeadDim / 8][4],
                                           const RowState& state,
                                           Bf16* tile,
                                           Bf16* out,
                                           int64_t stride,
                                           int rows,
                                           int lane) {
  constexpr int kPieces = kHeadDim / 8;
  __syncwarp();
#pragma unroll
  for (int high = 0; high < kHigh; ++high) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float sum = state.sum[high][half];
      sum += __shfl_xor_sync(kWholeWarp, sum, 1);
      sum += __shfl_xor_sync(kWholeWarp, sum, 2);
      const float inverse = 1.0f / sum;
      const int row = high * 16 + half * 8 + lane / 4;
#pragma unroll
      for (int column = 0; column < kPieces; ++column) {
        auto* const pair =
            reinterpret_cast<uint32_t*>(tile + place<kHeadDim>(row, column)) + lane % 4;
        *pair = pack_bf16(sums[high][column][2 * half] * inverse,
                          sums[high][column][2 * half + 1] * inverse);
      }
    }
  }
  __syncwarp();
  for (int i = lane; i < kRows * kPieces; i += kWarp) {
    const int row = i / kPieces;
    const int piece = i % kPieces;
    if (row >= rows) continue;
    *reinterpret_cast<uint4*>(out + row * stride + piece * 8) =
        *reinterpret_cast<const uint4*>(tile + place<kHeadDim>(row, piece));
  }
}

template <int kHeadDim>
__global__ void __launch_bounds__(kThreads, 2)
    flash_attention_kernel(FlashAttention work, float scale) {
  auto* const query_tile = reinterpret_cast<Bf16*>(shared_memory());
  Bf16* const key_tile = query_tile + kQueries * kHeadDim;
  Bf16* const value_tile = key_tile + kKeys * kHeadDim;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int first_row = static_cast<int>(threadIdx.x) / kWarp * kRows;  // of the warp, in the block
  const int first_query = static_cast<int>(blockIdx.x) * kQueries;
  const int head = static_cast<int>(blockIdx.y);
  const int64_t item = blockIdx.z;
  const int kv_head = head / (work.heads / work.kv_heads);
  const Bf16* const q = work.q + item * work.queries * work.q_stride + head * kHeadDim;
  const int64_t kv_offset = item * work.keys * work.kv_stride + kv_head * kHeadDim;
  const Bf16* const k = work.k + kv_offset;
  const Bf16* const v = work.v + kv_offset;

  int first_tile = 0;
  int end_tile = (work.keys + kKeys - 1) / kKeys;
  if (work.window > 0) {
    const int first_key = first_query - work.window;
    const int last_key = first_query + kQueries - 1 + work.window;
    if (first_key > 0) first_tile = first_key / kKeys;
    if (last_key / kKeys + 1 < end_tile) end_tile = last_key / kKeys + 1;
  }

  copy_rows<kHeadDim>(query_tile, q, work.q_stride, first_query, kQueries, work.queries);
  copy_rows<kHeadDim>(key_tile, k, work.kv_stride, first_tile * kKeys, kKeys, work.keys);
  commit_copies();
  float sums[kHigh][kHeadDim / 8][4] = {};
  RowState state;
#pragma unroll
  for (int high = 0; high < kHigh; ++high) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      state.most[high][half] = kMasked;
      state.sum[high][half] = 0.0f;
    }
  }
  for (int tile = first_tile; tile < end_tile; ++tile) {
    const int first_key = tile * kKeys;
    wait_for_copies<0>();
    __syncthreads();  // the keys are there, and nobody reads the values of the tile before
    copy_rows<kHeadDim>(value_tile, v, work.kv_stride, first_key, kKeys, work.keys);
    commit_copies();
    float scores[kHigh][kWide][4];
    multiply_keys<kHeadDim>(scores, query_tile + first_row * kHeadDim, key_tile, lane);
    const bool is_border =
        first_key + kKeys > work.keys ||
        (work.window > 0 && (first_key < first_query + kQueries - 1 - work.window ||
                             first_key + kKeys - 1 > first_query + work.window));
    if (is_border) {
      mask_scores(scores,
                  first_query + first_row + lane / 4,
                  first_key + 2 * (lane % 4),
                  work.keys,
                  work.window);
    }
    wait_for_copies<0>();
    __syncthreads();  // the values are there, and nobody reads the keys any more
    if (tile + 1 < end_tile) {
      copy_rows<kHeadDim>(key_tile, k, work.kv_stride, first_key + kKeys, kKeys, work.keys);
      commit_copies();
    }
    soften<kHeadDim>(scores, sums, state, scale);
    multiply_values<kHeadDim>(sums, scores, value_tile, lane);
  }
  const int first = first_query + first_row;
  store_rows<kHeadDim>(sums,
                       state,
                       query_tile + first_row * kHeadDim,
                       work.out + (item * work.queries + first) * work.out_stride + head * kHeadDim,
                       work.out_stride,
                       work.queries - first,
                       lane);
}

template <int kHeadDim>
void start(Queue& queue, const FlashAttention& work) {
  constexpr float kLog2E = 1.44269504088896340736f;
  const float scale = kLog2E / std::sqrt(static_cast<float>(kHeadDim));
  LaunchShape shape;
  shape.grid = dim3(static_cast<uint32_t>(blocks_of(work.queries, kQueries)),
                    static_cast<uint32_t>(work.heads),
                    static_cast<uint32_t>(work.batch));
  shape.block = dim3(kThreads);
  shape.shared_bytes = static_cast<size_t>(kQueries + 2 * kKeys) * kHeadDim * sizeof(Bf16);
  launch(queue, "flash_attention", flash_attention_kernel<kHeadDim>, shape, work, scale);
}

}  // namespace

void flash_attention(Queue& queue, const FlashAttention& work) {
  if (work.batch == 0 || work.queries == 0) return;
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
