#include "nets/htdemucs_layers.h"

#include "base/str.h"

namespace ams {
namespace {

ConvAxis same_length(int64_t taps, int64_t dilation = 1) {
  return {taps, /*stride=*/1, dilation, /*before=*/(taps - 1) / 2 * dilation};
}

ConvLayer strided_conv(const WeightScope& w,
                       int64_t in,
                       int64_t out,
                       DemucsBranch branch,
                       const DemucsContext& context) {
  const HtdemucsConfig& config = context.config;
  const ConvAxis axis{config.kernel_size, config.stride, /*dilation=*/1, config.kernel_size / 4};
  ConvLayerOptions options;
  options.weight = "conv.weight";
  options.bias = "conv.bias";
  options.in_channels = in;
  options.out_channels = out;
  options.activation = ConvActivation::Gelu;
  options.stored_shape = {out, in, config.kernel_size};
  if (branch == DemucsBranch::Frequency) {
    options.stored_shape.push_back(1);
    options.rows = axis;
  } else {
    options.columns = axis;
  }
  return ConvLayer(w, options, context.device);
}

ConvLayer rewrite_conv(const WeightScope& w,
                       int64_t channels,
                       int64_t neighbours,
                       DemucsBranch branch,
                       const DemucsContext& context) {
  const int64_t taps = 1 + 2 * neighbours;
  ConvLayerOptions options;
  options.weight = "rewrite.weight";
  options.bias = "rewrite.bias";
  options.in_channels = channels;
  options.out_channels = 2 * channels;
  options.activation = ConvActivation::Glu;
  options.columns = same_length(taps);
  options.stored_shape = {2 * channels, channels, taps};
  if (branch == DemucsBranch::Frequency) {
    options.stored_shape.push_back(taps);
    options.rows = same_length(taps);
  }
  return ConvLayer(w, options, context.device);
}

// The transposed convolution as one with two taps that makes `stride` outputs at once: output block
// n is a product of inputs n - 1 and n.
ConvLayer transposed_conv(const WeightScope& w,
                          int64_t in,
                          int64_t out,
                          bool has_gelu,
                          DemucsBranch branch,
                          const DemucsContext& context) {
  const HtdemucsConfig& config = context.config;
  const ConvAxis axis{/*taps=*/2, /*stride=*/1, /*dilation=*/1, /*before=*/1};
  ConvLayerOptions options;
  options.weight = "conv_tr.weight";
  options.bias = "conv_tr.bias";
  options.storage = ConvStorage::Transposed;
  options.in_channels = in;
  options.out_channels = config.stride * out;
  options.activation = has_gelu ? ConvActivation::Gelu : ConvActivation::None;
  options.stored_shape = {in, out, config.kernel_size};
  if (branch == DemucsBranch::Frequency) {
    options.stored_shape.push_back(1);
    options.rows = axis;
  } else {
    options.columns = axis;
  }
  return ConvLayer(w, options, context.device);
}

std::vector<DConv> optional_dconv(const WeightScope& w,
                                  int64_t channels,
                                  bool wanted,
                                  const DemucsContext& context) {
  std::vector<DConv> dconv;
  if (wanted) dconv.emplace_back(w.sub("dconv"), channels, context);
  return dconv;
}

}  // namespace

DConv::DConv(const WeightScope& w, int64_t channels, const DemucsContext& context) {
  const int64_t hidden = channels / context.config.dconv_comp;
  for (int64_t i = 0; i < context.config.dconv_depth; ++i) {
    const WeightScope scope = w.sub("layers", i);
    ConvLayerOptions narrow;
    narrow.weight = "0.weight";
    narrow.bias = "0.bias";
    narrow.stored_shape = {hidden, channels, 3};
    narrow.in_channels = channels;
    narrow.out_channels = hidden;
    narrow.columns = same_length(3, int64_t{1} << i);
    ConvLayerOptions wide;
    wide.weight = "3.weight";
    wide.bias = "3.bias";
    wide.stored_shape = {2 * channels, hidden, 1};
    wide.in_channels = hidden;
    wide.out_channels = 2 * channels;
    layers_.push_back(Layer{ConvLayer(scope, narrow, context.device),
                            scope.exact("1.weight", {hidden}),
                            scope.exact("1.bias", {hidden}),
                            ConvLayer(scope, wide, context.device),
                            scope.exact("4.weight", {2 * channels}),
                            scope.exact("4.bias", {2 * channels}),
                            scope.exact("6.scale", {channels})});
  }
}

Tensor DConv::build(GraphBuilder& g, Tensor x) const {
  for (const Layer& layer : layers_) {
    RowNormOptions first;
    first.weight = layer.narrow_norm;
    first.bias = layer.narrow_norm_bias;
    first.activation = ConvActivation::Gelu;
    const Tensor h = row_norm(g, layer.narrow.build(g, x), first);  // [R, T, C / 8]
    RowNormOptions second;
    second.weight = layer.wide_norm;
    second.bias = layer.wide_norm_bias;
    second.activation = ConvActivation::Glu;
    second.residual = x;
    second.scale = layer.scale;
    x = row_norm(g, layer.wide.build(g, h), second);  // [R, T, C]
  }
  return x;
}

DemucsEncoderLayer::DemucsEncoderLayer(const WeightScope& w,
                                       int64_t index,
                                       DemucsBranch branch,
                                       const DemucsContext& context)
    : branch_(branch),
      stride_(context.config.stride),
      conv_(strided_conv(w,
                         index > 0 ? context.config.layer_channels(index - 1)
                         : branch == DemucsBranch::Frequency ? 2 * context.config.audio_channels
                                                             : context.config.audio_channels,
                         context.config.layer_channels(index),
                         branch,
                         context)),
      dconv_(optional_dconv(
          w, context.config.layer_channels(index), context.config.encoder_dconv(), context)),
      rewrite_(rewrite_conv(
          w, context.config.layer_channels(index), context.config.context_enc, branch, context)) {}

Tensor DemucsEncoderLayer::build(GraphBuilder& g, Tensor x) const {
  const bool frequency = branch_ == DemucsBranch::Frequency;
  const int64_t rows = frequency ? x.dim(0) / stride_ : x.dim(0);
  const int64_t columns = frequency ? x.dim(1) : (x.dim(1) + stride_ - 1) / stride_;
  x = conv_.build(g, x, rows, columns);
  for (const DConv& dconv : dconv_) x = dconv.build(g, x);
  return rewrite_.build(g, x);
}

DemucsDecoderLayer::DemucsDecoderLayer(const WeightScope& w,
                                       int64_t index,
                                       DemucsBranch branch,
                                       const DemucsContext& context)
    : branch_(branch),
      is_last_(index == context.config.depth - 1),
      stride_(context.config.stride),
      rewrite_(rewrite_conv(w,
                            context.config.layer_channels(context.config.depth - 1 - index),
                            context.config.context,
                            branch,
                            context)),
      dconv_(optional_dconv(w,
                            context.config.layer_channels(context.config.depth - 1 - index),
                            context.config.decoder_dconv(),
                            context)),
      conv_tr_(transposed_conv(w,
                               context.config.layer_channels(context.config.depth - 1 - index),
                               !is_last_
                                   ? context.config.layer_channels(context.config.depth - 2 - index)
                                   : context.config.stems() * context.config.audio_channels *
                                         (branch == DemucsBranch::Frequency ? 2 : 1),
                               /*has_gelu=*/!is_last_,
                               branch,
                               context)) {}

Tensor DemucsDecoderLayer::build(GraphBuilder& g, Tensor x, Tensor skip, int64_t length) const {
  x = rewrite_.build(g, g.add(x, skip));
  for (const DConv& dconv : dconv_) x = dconv.build(g, x);
  const int64_t crop = stride_ / 2;  // samples at both ends that only one input reaches
  if (branch_ == DemucsBranch::Time) {
    const int64_t blocks = x.dim(1) + 1;
    x = conv_tr_.build(g, x, 1, blocks);
    x = g.reshape(x, {1, blocks * stride_, x.dim(2) / stride_});
    return g.contiguous(g.slice(x, 1, crop, crop + length));
  }
  const int64_t frames = x.dim(1);
  const int64_t blocks = x.dim(0) + 1;
  x = conv_tr_.build(g, x, blocks, frames);
  x = g.reshape(x, {blocks, frames, stride_, x.dim(2) / stride_});
  x = g.permute(x, {0, 2, 1, 3});
  x = g.reshape(x, {blocks * stride_, frames, x.dim(3)});
  return g.slice(x, 0, crop, crop + length);
}

}  // namespace ams
