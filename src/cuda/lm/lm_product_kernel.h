// The kernel of lm_product.h; every format is a file of its own that instantiates it.
//
// Computes  LmProduct: y [rows, width] fp32 from weights in any format and x [rows, inputs] fp32.
// Layout    a task is four outputs (with gates: two and their partners). Its `splits` warps take
//           turns along the inputs; a lane holds one piece of each of the four rows and the next
//           ones are under way meanwhile. Vectors come from the L1 cache: each value serves four
//           outputs. The norm costs no pass of its own: y = W (x * g) / rms(x), the mean of squares
//           is a by-product of the sum. Sums in fp32 in a fixed order: lanes, then splits.
// Limit     memory: each weight is read once for all rows.
// Share     of the memory ceiling: not yet measured.
#pragma once

#include "cuda/fast_math.h"
#include "cuda/launch.h"
#include "cuda/lm/lm_product.h"
#include "cuda/lm/load_values.h"
#include "cuda/lm/weight_pieces.h"
#include "cuda/warp.h"

namespace ams::cuda {

constexpr int kProductWarps = 8;
constexpr int kOutputs = 4;  // of a task

// What the kernel takes.
struct LmProductTask {
  LmProduct work;
  int64_t width;  // of y
  int64_t row_bytes;
  int splits;
};

// Row `o` of a task's four, limited to rows that exist.
__device__ __forceinline__ const unsigned char* task_row(const LmProductTask& t,
                                                         int64_t task,
                                                         int o) {
  const LmProduct& work = t.work;
  int64_t row = 0;
  if (work.gates) {
    const int64_t output = 2 * task + o % 2;
    row = (output < t.width ? output : t.width - 1) + o / 2 * t.width;
  } else {
    const int64_t output = kOutputs * task + o;
    const int64_t known = output < t.width ? output : t.width - 1;
    const bool is_extra = work.range > 0 && known >= work.range;
    row = is_extra ? work.extra[known - work.range] : work.first_row + known;
  }
  return static_cast<const unsigned char*>(work.w.data) + row * t.row_bytes;
}

template <class Pieces, int kRows, bool kNorm>
__device__ __forceinline__ void add_piece(const LmProduct& work,
                                          const typename Pieces::Piece (&pieces)[kOutputs],
                                          int index,
                                          float (&sums)[kRows][kOutputs],
                                          float (&squares)[kRows]) {
#pragma unroll
  for (int group = 0; group < Pieces::kGroups; ++group) {
    float w[kOutputs][kGroup];
#pragma unroll
    for (int o = 0; o < kOutputs; ++o) Pieces::decode(pieces[o], group, w[o]);
    const int first = Pieces::first(index, group);
    float gains[kGroup];
    if (kNorm) load_values(work.norm + first, gains);
#pragma unroll
    for (int row = 0; row < kRows; ++row) {
      const int known = row < work.rows ? row : 0;
      float x[kGroup];
      load_values(work.x + known * work.w.inputs + first, x);
#pragma unroll
      for (int k = 0; k < kGroup; ++k) {
        if (kNorm) {
          squares[row] += x[k] * x[k];
          x[k] *= gains[k];
        }
#pragma unroll
        for (int o = 0; o < kOutputs; ++o) sums[row][o] += w[o][k] * x[k];
      }
    }
  }
}

template <bool kNorm>
__device__ __forceinline__ float finished(const LmProductTask& t, float sum, float squares) {
  if (!kNorm) return sum;
  return sum * rsqrtf(squares / static_cast<float>(t.work.w.inputs) + t.work.eps);
}

template <class Pieces, int kRows, bool kNorm>
__global__ void __launch_bounds__(kProductWarps* kWarp) lm_product_kernel(LmProductTask t) {
  constexpr int kValues = kOutputs + 1;  // of a row: sums, then squares
  auto* const partial = reinterpret_cast<float*>(shared_memory());
  const LmProduct& work = t.work;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int split = warp % t.splits;
  const int64_t task =
      static_cast<int64_t>(blockIdx.x) * (kProductWarps / t.splits) + warp / t.splits;
  const unsigned char* rows[kOutputs];
#pragma unroll
  for (int o = 0; o < kOutputs; ++o) rows[o] = task_row(t, task, o);

  float sums[kRows][kOutputs] = {};
  float squares[kRows] = {};
  const int count = static_cast<int>(work.w.inputs) / (kGroup * Pieces::kGroups);
  const int step = kWarp * t.splits;
  int index = lane + kWarp * split;
  typename Pieces::Piece pieces[kOutputs];
  if (index < count) {
#pragma unroll
    for (int o = 0; o < kOutputs; ++o) pieces[o] = Pieces::load(rows[o], index);
  }
  while (index < count) {
    typename Pieces::Piece next[kOutputs] = {};
    if (index + step < count) {
#pragma unroll
      for (int o = 0; o < kOutputs; ++o) next[o] = Pieces::load(rows[o], index + step);
    }
    add_piece<Pieces, kRows, kNorm>(work, pieces, index, sums, squares);
#pragma unroll
    for (int o = 0; o < kOutputs; ++o) pieces[o] = next[o];
    index += step;
  }

#pragma unroll
  for (int row = 0; row < kRows; ++row) {
    float* const values = partial + (warp * kRows + row) * kValues;
#pragma unroll
    for (int o = 0; o < kOutputs; ++o) {
      const float sum = warp_sum(sums[row][o]);
      if (lane == 0) values[o] = sum;
    }
    const float sum = kNorm ? warp_sum(squares[row]) : 0.0f;
    if (lane == 0) values[kOutputs] = sum;
  }
  __syncthreads();
  // A lane of the first warp finishes one output of one row.
  const int row = lane / kOutputs;
  const int o = lane % kOutputs;
  if (split != 0 || row >= kRows || row >= work.rows) return;
  if (work.gates && o >= 2) return;
  const int64_t output = (work.gates ? 2 : kOutputs) * task + o;
  if (output >= t.width) return;
  float sum = 0.0f;
  float partner = 0.0f;
  float square = 0.0f;
  for (int s = 0; s < t.splits; ++s) {
    const float* const values = partial + ((warp + s) * kRows + row) * kValues;
    sum += values[o];
    if (work.gates) partner += values[o + 2];
    square += values[kOutputs];
  }
  float y = finished<kNorm>(t, sum, square);
  if (work.gates) y = silu(y) * finished<kNorm>(t, partner, square);
  if (work.bias) y += work.bias[output];
  const int64_t at = row * t.width + output;
  if (work.residual) y += work.residual[at];
  work.y[at] = y;
}

template <class Pieces, int kRows>
void start_lm_product(Queue& queue, const LmProductTask& task, const LaunchShape& shape) {
  if (task.work.norm) {
    launch(queue, "lm_product", lm_product_kernel<Pieces, kRows, true>, shape, task);
  } else {
    launch(queue, "lm_product", lm_product_kernel<Pieces, kRows, false>, shape, task);
  }
}

// Work for one format; its checks are lm_product()'s.
template <class Pieces>
void run_lm_product(Queue& queue, const LmProduct& work) {
  // Enough warps to keep the memory of the largest cards busy, the same on every card.
  constexpr int64_t kWantedWarps = 2048;
  LmProductTask task{work, work.width(), row_bytes(Pieces::kFormat, work.w.inputs), 1};
  const int64_t tasks = blocks_of(task.width, work.gates ? 2 : kOutputs);
  const int64_t turns = work.w.inputs / (kGroup * Pieces::kGroups * kWarp);
  while (task.splits < kProductWarps && tasks * task.splits < kWantedWarps &&
         2 * task.splits <= turns) {
    task.splits *= 2;
  }
  const int most_rows = work.rows > 2 ? kMostProductRows : work.rows;
  const LaunchShape shape{
      static_cast<uint32_t>(blocks_of(tasks, kProductWarps / task.splits)),
      kProductWarps * kWarp,
      static_cast<size_t>(kProductWarps * most_rows * (kOutputs + 1)) * sizeof(float)};
  switch (most_rows) {
    case 1:
      return start_lm_product<Pieces, 1>(queue, task, shape);
    case 2:
      return start_lm_product<Pieces, 2>(queue, task, shape);
    default:
      return start_lm_product<Pieces, kMostProductRows>(queue, task, shape);
  }
}

void lm_product_f32(Queue& queue, const LmProduct& work);
void lm_product_bf16(Queue& queue, const LmProduct& work);
void lm_product_q8_0(Queue& queue, const LmProduct& work);
void lm_product_q4_k(Queue& queue, const LmProduct& work);
void lm_product_q5_k(Queue& queue, const LmProduct& work);
void lm_product_q6_k(Queue& queue, const LmProduct& work);

}  // namespace ams::cuda
