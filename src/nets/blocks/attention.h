// Pieces that every transformer of the model family shares.
#pragma once

#include "tensor/graph_builder.h"
#include "tensor/weight_store.h"

namespace ams {

// Sizes of one attention layer.
struct AttentionSizes {
  int64_t hidden_size = 0;
  int64_t num_heads = 0;
  int64_t num_kv_heads = 0;  // divides num_heads
  int64_t head_dim = 0;
  float rms_norm_eps = 1e-6f;
};

// Heads of queries, keys and values, each [B, S, heads, head_dim].
struct Heads {
  Tensor q, k, v;
};

// Which parts a family's projections have: Qwen2 has biases, everything else q/k norms.
enum class ProjectionKind { QkNorm, Bias };

// q_proj, k_proj and v_proj as one product, then RMSNorm over each head of q and k.
class QkvProjection {
 public:
  QkvProjection(const WeightScope& w, const AttentionSizes& sizes, ProjectionKind kind);
  Heads build(GraphBuilder& g, Tensor x) const;  // [B, S, hidden] -> heads, before rotation

  const Weight* qkv_proj() const { return qkv_proj_; }
  const Weight* qkv_bias() const { return qkv_bias_; }  // null: none
  const Weight* q_norm() const { return q_norm_; }      // null: none
  const Weight* k_norm() const { return k_norm_; }

 private:
  AttentionSizes sizes_;
  const Weight* qkv_proj_;
  const Weight* qkv_bias_ = nullptr;
  const Weight* q_norm_ = nullptr;
  const Weight* k_norm_ = nullptr;
};

// down_proj(silu(gate_proj(x)) * up_proj(x)).
class SwiGluMlp {
 public:
  SwiGluMlp(const WeightScope& w, int64_t hidden_size, int64_t intermediate_size);
  Tensor build(GraphBuilder& g, Tensor x) const;  // [..., hidden] -> [..., hidden]

  const Weight* gate_up_proj() const { return gate_up_proj_; }
  const Weight* down_proj() const { return down_proj_; }

 private:
  const Weight* gate_up_proj_;
  const Weight* down_proj_;
};

}  // namespace ams
