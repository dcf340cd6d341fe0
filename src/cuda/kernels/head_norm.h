// What happens to queries and keys between their projection and the attention.
#pragma once

#include "cuda/bf16.h"
#include "cuda/queue.h"

namespace ams::cuda {

// In place, for the first q_heads + k_heads heads of each row: RMSNorm over the head with its
// weight, then the rotation of pairs (i, i + head_dim / 2) by the row's position (rotate-half).
struct HeadNorm {
  Bf16* heads = nullptr;  // [rows, row_stride]: queries, keys, then whatever is left alone
  int64_t rows = 0;
  int row_stride = 0;  // in values; a multiple of 8
  int head_dim = 0;    // 16, 32, 64 or 128
  int q_heads = 0, k_heads = 0;
  const float* q_weight = nullptr;  // [head_dim]; not read without such heads
  const float* k_weight = nullptr;
  const float* rotary = nullptr;  // [positions, head_dim / 2, 2]: cos, sin; null: no rotation
  int64_t positions = 0;          // row r stands at position r % positions
  float eps = 1e-6f;
};

// Throws Internal for another head_dim.
void head_norm(Queue& queue, const HeadNorm& work);

}  // namespace ams::cuda
