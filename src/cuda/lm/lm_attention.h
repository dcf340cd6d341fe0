// Attention of a few new tokens over the cached ones, the new ones included.
#pragma once

#include "cuda/lm/lm_rows.h"
#include "cuda/queue.h"

namespace ams::cuda {

inline constexpr int kAttentionChunk = 64;  // cached tokens of a block
inline constexpr int kMostHeadGroup = 16;   // query heads of a key head

// out = softmax(q k^T / sqrt(head_dim)) v over positions 0 to the row's own, for every head of
// every row; query head h reads key head h / (heads / kv_heads). The rows' own keys and values are
// in the caches already.
struct LmAttention {
  const float* q = nullptr;  // row r at r * q_stride, [heads, head_dim], aligned to 16 bytes
  int64_t q_stride = 0;
  LmRows where;
  LmCache cache;
  int rows = 0;
  int heads = 0, kv_heads = 0;
  int head_dim = 0;  // 8, 16, 32, 64 or 128
  // Positions that blocks look at; at least the longest row's. A recorded pass fits all below.
  int64_t most_positions = 0;
  float* partial = nullptr;  // attention_partials() values
  void* out = nullptr;       // [rows, heads * head_dim]
  ValueType out_type = ValueType::F32;
};

// Values that `partial` must hold.
int64_t attention_partials(const LmAttention& work);

// Throws Internal for another head_dim or for more than kMostHeadGroup query heads of a key head.
void lm_attention(Queue& queue, const LmAttention& work);

}  // namespace ams::cuda
