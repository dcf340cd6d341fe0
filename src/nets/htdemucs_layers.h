// Encoder and decoder layers of HTDemucs (arXiv:2211.08553), the same for both branches.
// Layout: a spectrogram is [F, T, C], a waveform [1, N, C]; channels are innermost.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nets/htdemucs_config.h"
#include "tensor/conv_layer.h"
#include "tensor/graph_builder.h"
#include "tensor/weight_store.h"

namespace ams {

enum class DemucsBranch { Frequency, Time };

// What all layers need to declare their weights.
struct DemucsContext {
  const HtdemucsConfig& config;
  const Device& device;
};

// Residual branch of dilated convolutions along time, within each frequency row:
// x + scale * glu(norm(conv_k1(gelu(norm(conv_k3(x)))))), once per dilation 1, 2, 4, ...
class DConv {
 public:
  DConv(const WeightScope& w, int64_t channels, const DemucsContext& context);
  Tensor build(GraphBuilder& g, Tensor x) const;  // [R, T, C] -> [R, T, C]

 private:
  struct Layer {
    ConvLayer narrow;
    const Weight *narrow_norm, *narrow_norm_bias;
    ConvLayer wide;
    const Weight *wide_norm, *wide_norm_bias;
    const Weight* scale;
  };
  std::vector<Layer> layers_;
};

// glu(rewrite(dconv(gelu(conv(x))))), a quarter of the length along the branch's axis.
class DemucsEncoderLayer {
 public:
  DemucsEncoderLayer(const WeightScope& w,
                     int64_t index,
                     DemucsBranch branch,
                     const DemucsContext& context);
  Tensor build(GraphBuilder& g, Tensor x) const;

 private:
  DemucsBranch branch_;
  int64_t stride_;
  ConvLayer conv_;
  std::vector<DConv> dconv_;  // one or none
  ConvLayer rewrite_;
};

// gelu(conv_tr(dconv(glu(rewrite(x + skip))))), four times the length along the branch's axis.
class DemucsDecoderLayer {
 public:
  // `index` counts from the innermost layer.
  DemucsDecoderLayer(const WeightScope& w,
                     int64_t index,
                     DemucsBranch branch,
                     const DemucsContext& context);
  // length: rows (frequency branch) or samples (time branch) of the result.
  Tensor build(GraphBuilder& g, Tensor x, Tensor skip, int64_t length) const;

 private:
  DemucsBranch branch_;
  bool is_last_;
  int64_t stride_;
  ConvLayer rewrite_;
  std::vector<DConv> dconv_;  // one or none
  ConvLayer conv_tr_;
};

}  // namespace ams
