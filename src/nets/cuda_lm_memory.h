// Where the values of a CudaLmSession lie in the memory of a card.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/lm/lm_rows.h"
#include "nets/causal_lm.h"
#include "nets/qwen.h"

namespace ams {

// Sizes of one session.
struct CudaLmSizes {
  CudaLmSizes(const QwenConfig& config,
              const LmSessionOptions& options,
              bool exact_caches,
              bool has_wide_passes);

  QwenConfig config;
  int64_t sequences;
  int64_t capacity;        // tokens of a sequence
  bool exact_caches;       // fp32 instead of bf16
  bool has_wide_passes;    // many rows at once through library products
  int64_t most_rows;       // of a pass
  int64_t attention_rows;  // that attend at once

  int64_t q_width() const { return config.num_attention_heads * config.head_dim; }
  int64_t kv_width() const { return config.num_key_value_heads * config.head_dim; }
  int64_t qkv_width() const { return q_width() + 2 * kv_width(); }
  int64_t cache_values() const { return sequences * capacity * kv_width(); }  // keys of a layer
  size_t cache_value_bytes() const { return exact_caches ? sizeof(float) : sizeof(uint16_t); }
};

// Places within one allocation. With a null base only `bytes` counts.
struct CudaLmMemory {
  CudaLmMemory(const CudaLmSizes& sizes, std::byte* base);

  cuda::LmCache cache(const CudaLmSizes& sizes, size_t layer) const;

  std::byte* caches;     // of each layer: keys, then values
  float* rotary;         // [capacity, head_dim / 2, 2]
  int32_t* rows;         // tokens [most_rows], then sequences, then positions
  int32_t* extra_rows;   // [vocab_size]: output rows beside the range
  float* stream;         // [most_rows, hidden]
  float* qkv;            // [most_rows, qkv_width]
  void* mixed;           // [most_rows, q_width] of fp32
  float* partial;        // of attention_rows
  float* gated;          // [kMostProductRows, intermediate]
  uint16_t* normed;      // bf16 [most_rows, hidden]; wide passes only
  uint16_t* gate_up;     // bf16 [most_rows, 2 intermediate]; wide passes only
  uint16_t* wide_gated;  // bf16 [most_rows, intermediate]; wide passes only
  float* logits;         // [kMostProductRows, vocab_size]
  size_t bytes = 0;
};

}  // namespace ams
