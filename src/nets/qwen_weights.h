// The declared weights of a Qwen transformer, for implementations beside QwenTransformer's own.
#pragma once

#include <vector>

#include "tensor/weight_store.h"

namespace ams {

struct QwenLayerWeights {
  const Weight* input_layernorm = nullptr;
  const Weight* qkv_proj = nullptr;                   // [(heads + 2 kv_heads) head_dim, hidden]
  const Weight* qkv_bias = nullptr;                   // Qwen2.5, else null
  const Weight *q_norm = nullptr, *k_norm = nullptr;  // Qwen3, else null
  const Weight* o_proj = nullptr;
  const Weight* post_attention_layernorm = nullptr;
  const Weight* gate_up_proj = nullptr;  // [2 intermediate, hidden]
  const Weight* down_proj = nullptr;     // [hidden, intermediate]
};

struct QwenWeights {
  const Weight* embed_tokens = nullptr;  // [vocabulary, hidden]
  std::vector<QwenLayerWeights> layers;
  const Weight* norm = nullptr;
  const Weight* lm_head = nullptr;  // embed_tokens if tied, null without head
};

}  // namespace ams
