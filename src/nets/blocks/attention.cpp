#include "nets/blocks/attention.h"

namespace ams {

QkvProjection::QkvProjection(const WeightScope& w, const AttentionSizes& sizes, ProjectionKind kind)
    : sizes_(sizes) {
  const int64_t q_width = sizes.num_heads * sizes.head_dim;
  const int64_t kv_width = sizes.num_kv_heads * sizes.head_dim;
  qkv_proj_ = w.stacked_matrix(
      {{"q_proj.weight", q_width}, {"k_proj.weight", kv_width}, {"v_proj.weight", kv_width}},
      sizes.hidden_size);
  if (kind == ProjectionKind::Bias) {
    qkv_bias_ = w.derived(
        {{"q_proj.bias", {q_width}}, {"k_proj.bias", {kv_width}}, {"v_proj.bias", {kv_width}}},
        {q_width + 2 * kv_width},
        WeightRole::Exact,
        /*transform=*/{});
  } else {
    q_norm_ = w.exact("q_norm.weight", {sizes.head_dim});
    k_norm_ = w.exact("k_norm.weight", {sizes.head_dim});
  }
}

Heads QkvProjection::build(GraphBuilder& g, Tensor x) const {
  const int64_t q_heads = sizes_.num_heads;
  const int64_t kv_heads = sizes_.num_kv_heads;
  Tensor qkv = g.linear(x, qkv_proj_, qkv_bias_);
  qkv = g.reshape(qkv, {x.dim(0), x.dim(1), q_heads + 2 * kv_heads, sizes_.head_dim});
  Heads heads{g.slice(qkv, 2, 0, q_heads),
              g.slice(qkv, 2, q_heads, q_heads + kv_heads),
              g.slice(qkv, 2, q_heads + kv_heads, q_heads + 2 * kv_heads)};
  if (q_norm_) {
    heads.q = g.rms_norm(heads.q, q_norm_, sizes_.rms_norm_eps);
    heads.k = g.rms_norm(heads.k, k_norm_, sizes_.rms_norm_eps);
  }
  return heads;
}

SwiGluMlp::SwiGluMlp(const WeightScope& w, int64_t hidden_size, int64_t intermediate_size)
    : gate_up_proj_(w.stacked_matrix(
          {{"gate_proj.weight", intermediate_size}, {"up_proj.weight", intermediate_size}},
          hidden_size)),
      down_proj_(w.matrix("down_proj.weight", hidden_size, intermediate_size)) {}

Tensor SwiGluMlp::build(GraphBuilder& g, Tensor x) const {
  return g.linear(g.swiglu(g.linear(x, gate_up_proj_)), down_proj_);
}

}  // namespace ams
