// What happens to queries, keys and values between their projection and the attention.
#pragma once

#include "cuda/lm/lm_rows.h"
#include "cuda/queue.h"

namespace ams::cuda {

// For each row of qkv [rows, (heads + 2 kv_heads) head_dim]: RMSNorm over each head of q and k, if
// there are weights; rotation of pairs (i, i + head_dim / 2) by the row's position; then q in place
// and k and v into the caches.
struct LmHeads {
  float* qkv = nullptr;
  LmRows where;
  LmCache cache;
  int rows = 0;
  int heads = 0, kv_heads = 0;
  int head_dim = 0;               // even
  const float* q_norm = nullptr;  // [head_dim]; null: no norms
  const float* k_norm = nullptr;  // [head_dim]
  const float* rotary = nullptr;  // [positions, head_dim / 2, 2]: cos, sin
  float eps = 1e-6f;
};

void lm_heads(Queue& queue, const LmHeads& work);

}  // namespace ams::cuda
