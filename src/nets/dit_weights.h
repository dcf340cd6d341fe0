// The declared weights of a diffusion transformer, for implementations beside Dit's own.
#pragma once

#include <array>
#include <vector>

#include "tensor/weight_store.h"

namespace ams {

struct TimestepEmbeddingWeights {
  const Weight *linear_1 = nullptr, *linear_1_bias = nullptr;    // [H, 256]
  const Weight *linear_2 = nullptr, *linear_2_bias = nullptr;    // [H, H]
  const Weight *time_proj = nullptr, *time_proj_bias = nullptr;  // [6 H, H]
};

struct DitLayerWeights {
  const Weight* self_attn_norm = nullptr;
  const Weight* qkv_proj = nullptr;  // [(heads + 2 kv_heads) head_dim, H]
  const Weight *q_norm = nullptr, *k_norm = nullptr;
  const Weight* o_proj = nullptr;
  const Weight* cross_attn_norm = nullptr;
  const Weight *cross_q_proj = nullptr, *cross_k_proj = nullptr, *cross_v_proj = nullptr;
  const Weight* cross_o_proj = nullptr;
  const Weight *cross_q_norm = nullptr, *cross_k_norm = nullptr;
  const Weight* mlp_norm = nullptr;
  const Weight* gate_up_proj = nullptr;  // [2 I, H]
  const Weight* down_proj = nullptr;     // [H, I]
  const Weight* scale_shift_table = nullptr;

  // Those that follow the store's precision and take adapters.
  std::array<const Weight*, 8> matrices() const {
    return {qkv_proj,
            o_proj,
            cross_q_proj,
            cross_k_proj,
            cross_v_proj,
            cross_o_proj,
            gate_up_proj,
            down_proj};
  }
};

struct DitWeights {
  TimestepEmbeddingWeights time_embed, time_embed_r;
  const Weight* proj_in_context = nullptr;  // [H, 4 C]: two frames side by side
  const Weight* proj_in_latents = nullptr;  // [H, 2 C]
  const Weight* proj_in_bias = nullptr;
  const Weight *condition_embedder = nullptr, *condition_embedder_bias = nullptr;
  std::vector<DitLayerWeights> layers;
  const Weight* norm_out = nullptr;
  const Weight* scale_shift_table = nullptr;
  const Weight *proj_out = nullptr, *proj_out_bias = nullptr;  // [2 C, H]
  const Weight* null_condition_emb = nullptr;
};

}  // namespace ams
