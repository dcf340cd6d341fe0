// The bidirectional transformer layer of the lyric, timbre, pooling and detokenizing stacks.
#pragma once

#include <vector>

#include "nets/blocks/attention.h"

namespace ams {

struct EncoderLayerSizes {
  AttentionSizes attention;
  int64_t intermediate_size = 0;
  RotaryTable rotary;
  int64_t window = 0;  // |i - j| <= window, 0 = every key is seen
};

// x + attention(norm(x)), then x + mlp(norm(x)), with rotary positions.
class EncoderLayer {
 public:
  EncoderLayer(const WeightScope& w, const EncoderLayerSizes& sizes);
  // x [B, S, hidden] -> same. positions [S] int32. `mask` as in AttentionOptions, may be empty; it
  // replaces the layer's window.
  Tensor build(GraphBuilder& g, Tensor x, Tensor positions, Tensor mask) const;

 private:
  EncoderLayerSizes sizes_;
  const Weight* input_layernorm_;
  QkvProjection self_attn_;
  const Weight* o_proj_;
  const Weight* post_attention_layernorm_;
  SwiGluMlp mlp_;
};

// A stack of layers that alternate between windowed and full, and a final norm.
class EncoderStack {
 public:
  // `windows` has one entry per layer, 0 = full attention.
  EncoderStack(const WeightScope& w, EncoderLayerSizes sizes, const std::vector<int64_t>& windows);
  // `masks`: empty, or one mask per layer. Taps: "layer_0" and so on.
  Tensor build(GraphBuilder& g, Tensor x, Tensor positions, const std::vector<Tensor>& masks) const;

 private:
  std::vector<EncoderLayer> layers_;
  const Weight* norm_;
  float eps_;
};

}  // namespace ams
