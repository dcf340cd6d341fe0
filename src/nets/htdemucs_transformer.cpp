#include "nets/htdemucs_transformer.h"

#include <cmath>

#include "base/str.h"

namespace ams {
namespace {

constexpr float kNormEps = 1e-5f;

// Rows [first, first + channels) of the fused projection to queries, keys and values.
ConvLayer in_proj(const WeightScope& w, int64_t first, const DemucsContext& context) {
  const int64_t channels = context.config.transformer_channels();
  ConvLayerOptions options;
  options.weight = "in_proj_weight";
  options.bias = "in_proj_bias";
  options.stored_shape = {3 * channels, channels};
  options.first_out = first;
  options.in_channels = channels;
  options.out_channels = channels;
  return ConvLayer(w, options, context.device);
}

ConvLayer linear(const WeightScope& w,
                 const std::string& name,
                 const std::string& scale,
                 int64_t in,
                 int64_t out,
                 const DemucsContext& context) {
  ConvLayerOptions options;
  options.weight = name + ".weight";
  options.bias = name + ".bias";
  options.scale = scale;
  options.stored_shape = {out, in};
  options.in_channels = in;
  options.out_channels = out;
  if (name == "linear1") options.activation = ConvActivation::Gelu;
  return ConvLayer(w, options, context.device);
}

std::string attention_name(bool is_cross) { return is_cross ? "cross_attn" : "self_attn"; }

int64_t feed_forward_width(const HtdemucsConfig& config) {
  return static_cast<int64_t>(static_cast<double>(config.t_hidden_scale) *
                              static_cast<double>(config.transformer_channels()));
}

}  // namespace

DemucsTransformerLayer::DemucsTransformerLayer(const WeightScope& w,
                                               bool is_cross,
                                               const DemucsContext& context)
    : is_cross_(is_cross),
      channels_(context.config.transformer_channels()),
      heads_(context.config.t_heads),
      norm1_(w.exact("norm1.weight", {channels_})),
      norm1_bias_(w.exact("norm1.bias", {channels_})),
      norm2_(w.exact("norm2.weight", {channels_})),
      norm2_bias_(w.exact("norm2.bias", {channels_})),
      q_proj_(in_proj(w.sub(attention_name(is_cross)), 0, context)),
      k_proj_(in_proj(w.sub(attention_name(is_cross)), channels_, context)),
      v_proj_(in_proj(w.sub(attention_name(is_cross)), 2 * channels_, context)),
      out_proj_(linear(w,
                       attention_name(is_cross) + ".out_proj",
                       "gamma_1.scale",
                       channels_,
                       channels_,
                       context)),
      linear1_(linear(w, "linear1", "", channels_, feed_forward_width(context.config), context)),
      linear2_(linear(
          w, "linear2", "gamma_2.scale", feed_forward_width(context.config), channels_, context)),
      norm_out_(w.exact("norm_out.weight", {channels_})),
      norm_out_bias_(w.exact("norm_out.bias", {channels_})) {
  if (!is_cross) return;
  norm3_ = w.exact("norm3.weight", {channels_});
  norm3_bias_ = w.exact("norm3.bias", {channels_});
}

Tensor DemucsTransformerLayer::attend(GraphBuilder& g, Tensor x, Tensor other) const {
  const auto heads = [&](Tensor value) {
    return g.reshape(value, {1, value.dim(1), heads_, channels_ / heads_});
  };
  const Tensor normed = g.layer_norm(x, norm1_, norm1_bias_, kNormEps);
  const Tensor source = is_cross_ ? g.layer_norm(other, norm2_, norm2_bias_, kNormEps) : normed;
  return g.attention(heads(q_proj_.build(g, normed)),
                     heads(k_proj_.build(g, source)),
                     heads(v_proj_.build(g, source)),
                     {});
}

Tensor DemucsTransformerLayer::build(GraphBuilder& g, Tensor x, Tensor other) const {
  x = out_proj_.build(g, attend(g, x, other), x);
  const Tensor normed = is_cross_ ? g.layer_norm(x, norm3_, norm3_bias_, kNormEps)
                                  : g.layer_norm(x, norm2_, norm2_bias_, kNormEps);
  x = linear2_.build(g, linear1_.build(g, normed), x);
  RowNormOptions options;  // one row: statistics over all tokens and channels
  options.weight = norm_out_;
  options.bias = norm_out_bias_;
  return row_norm(g, x, options);
}

DemucsTransformer::DemucsTransformer(const WeightScope& w, const DemucsContext& context) {
  const int64_t channels = context.config.transformer_channels();
  norm_in_ = w.exact("norm_in.weight", {channels});
  norm_in_bias_ = w.exact("norm_in.bias", {channels});
  norm_in_t_ = w.exact("norm_in_t.weight", {channels});
  norm_in_t_bias_ = w.exact("norm_in_t.bias", {channels});
  for (int64_t i = 0; i < context.config.t_layers; ++i) {
    const bool is_cross = (i % 2 == 1) != context.config.t_cross_first;
    layers_.emplace_back(w.sub("layers", i), is_cross, context);
    layers_t_.emplace_back(w.sub("layers_t", i), is_cross, context);
  }
}

DemucsTokens DemucsTransformer::build(GraphBuilder& g,
                                      DemucsTokens x,
                                      const DemucsTokens& positions,
                                      int64_t rows) const {
  const int64_t frames = x.frequency.dim(1) / rows;
  const int64_t channels = x.frequency.dim(2);
  x.frequency =
      g.add(g.layer_norm(x.frequency, norm_in_, norm_in_bias_, kNormEps), positions.frequency);
  x.time = g.add(g.layer_norm(x.time, norm_in_t_, norm_in_t_bias_, kNormEps), positions.time);
  for (size_t i = 0; i < layers_.size(); ++i) {
    // Both branches see the other one as it was before this layer.
    const DemucsTokens before = x;
    x.frequency = layers_[i].build(g, before.frequency, before.time);
    x.time = layers_t_[i].build(g, before.time, before.frequency);
    const Tensor image = g.reshape(x.frequency, {rows, frames, channels});
    g.tap(str("t_layer_", i), g.permute(image, {1, 0, 2}));  // the reference's order of tokens
    g.tap(str("t_layer_t_", i), x.time);
  }
  return x;
}

std::vector<float> spectrogram_positions(int64_t rows,
                                         int64_t frames,
                                         int64_t channels,
                                         double max_period) {
  const int64_t half = channels / 2;
  std::vector<float> table;
  table.reserve(static_cast<size_t>(rows * frames * channels));
  const auto append = [&](int64_t position) {
    for (int64_t i = 0; i < half; i += 2) {
      const double angle =
          static_cast<double>(position) *
          std::exp(-static_cast<double>(i) * std::log(max_period) / static_cast<double>(half));
      table.push_back(static_cast<float>(std::sin(angle)));
      table.push_back(static_cast<float>(std::cos(angle)));
    }
  };
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t frame = 0; frame < frames; ++frame) {
      append(frame);
      append(row);
    }
  }
  return table;
}

std::vector<float> waveform_positions(int64_t samples, int64_t channels, double max_period) {
  const int64_t half = channels / 2;
  std::vector<float> table(static_cast<size_t>(samples * channels));
  for (int64_t t = 0; t < samples; ++t) {
    float* row = table.data() + t * channels;
    for (int64_t i = 0; i < half; ++i) {
      const double exponent = static_cast<double>(i) / static_cast<double>(half - 1);
      const double angle = static_cast<double>(t) / std::pow(max_period, exponent);
      row[i] = static_cast<float>(std::cos(angle));
      row[half + i] = static_cast<float>(std::sin(angle));
    }
  }
  return table;
}

}  // namespace ams
