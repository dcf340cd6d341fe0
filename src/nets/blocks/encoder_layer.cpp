#include "nets/blocks/encoder_layer.h"

#include "base/str.h"

namespace ams {

EncoderLayer::EncoderLayer(const WeightScope& w, const EncoderLayerSizes& sizes)
    : sizes_(sizes),
      input_layernorm_(w.exact("input_layernorm.weight", {sizes.attention.hidden_size})),
      self_attn_(w.sub("self_attn"), sizes.attention, ProjectionKind::QkNorm),
      o_proj_(w.matrix("self_attn.o_proj.weight",
                       sizes.attention.hidden_size,
                       sizes.attention.num_heads * sizes.attention.head_dim)),
      post_attention_layernorm_(
          w.exact("post_attention_layernorm.weight", {sizes.attention.hidden_size})),
      mlp_(w.sub("mlp"), sizes.attention.hidden_size, sizes.intermediate_size) {}

Tensor EncoderLayer::build(GraphBuilder& g, Tensor x, Tensor positions, Tensor mask) const {
  const float eps = sizes_.attention.rms_norm_eps;
  Heads heads = self_attn_.build(g, g.rms_norm(x, input_layernorm_, eps));
  heads.q = g.rope(heads.q, positions, sizes_.rotary);
  heads.k = g.rope(heads.k, positions, sizes_.rotary);
  AttentionOptions options;
  options.mask = mask;
  if (!mask) options.window = sizes_.window;
  x = g.add(x, g.linear(g.attention(heads.q, heads.k, heads.v, options), o_proj_));
  return g.add(x, mlp_.build(g, g.rms_norm(x, post_attention_layernorm_, eps)));
}

EncoderStack::EncoderStack(const WeightScope& w,
                           EncoderLayerSizes sizes,
                           const std::vector<int64_t>& windows)
    : norm_(w.exact("norm.weight", {sizes.attention.hidden_size})),
      eps_(sizes.attention.rms_norm_eps) {
  for (size_t i = 0; i < windows.size(); ++i) {
    sizes.window = windows[i];
    layers_.emplace_back(w.sub("layers", static_cast<int64_t>(i)), sizes);
  }
}

Tensor EncoderStack::build(GraphBuilder& g,
                           Tensor x,
                           Tensor positions,
                           const std::vector<Tensor>& masks) const {
  for (size_t i = 0; i < layers_.size(); ++i) {
    x = layers_[i].build(g, x, positions, masks.empty() ? Tensor{} : masks[i]);
    g.tap(str("layer_", i), x);
  }
  return g.rms_norm(x, norm_, eps_);
}

}  // namespace ams
