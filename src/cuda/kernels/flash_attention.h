// Attention without the score matrix (arXiv:2205.14135, 2307.08691), with grouped heads.
#pragma once

#include "cuda/bf16.h"
#include "cuda/queue.h"

namespace ams::cuda {

// out = softmax(q k^T / sqrt(head_dim)) v for every head of every batch item; query head h reads
// key head h / (heads / kv_heads). Row i of item b lies at (b * length + i) * stride.
struct FlashAttention {
  const Bf16* q = nullptr;
  const Bf16* k = nullptr;
  const Bf16* v = nullptr;
  Bf16* out = nullptr;
  int64_t q_stride = 0;   // values from row to row; all strides are multiples of 8
  int64_t kv_stride = 0;  // of k and of v
  int64_t out_stride = 0;
  int batch = 0;
  int queries = 0, keys = 0;  // lengths; keys > 0
  int heads = 0, kv_heads = 0;
  int head_dim = 0;  // 16, 32, 64 or 128
  int window = 0;    // > 0: key j is seen from query i only if |i - j| <= window
};

// All pointers aligned to 16 bytes. With a window, every query must see a key: keys >= queries.
// Throws Internal for another head_dim.
void flash_attention(Queue& queue, const FlashAttention& work);

}  // namespace ams::cuda
