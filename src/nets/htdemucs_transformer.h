// The transformer between HTDemucs' encoders and decoders (arXiv:2211.08553, figure 1): layers of
// self-attention within a branch and of cross-attention between the branches, in turn.
// Tokens of the frequency branch are pixels [F, T] in that order, those of the time branch samples;
// attention does not depend on the order, only the position tables do.
#pragma once

#include <cstdint>
#include <vector>

#include "nets/htdemucs_layers.h"
#include "tensor/conv_layer.h"
#include "tensor/graph_builder.h"
#include "tensor/weight_store.h"

namespace ams {

// Values of both branches: [1, tokens, C].
struct DemucsTokens {
  Tensor frequency, time;
};

// One layer of one branch. Layer scales are folded into the projections before them.
class DemucsTransformerLayer {
 public:
  DemucsTransformerLayer(const WeightScope& w, bool is_cross, const DemucsContext& context);
  // `other` is the other branch's value, for a cross layer.
  Tensor build(GraphBuilder& g, Tensor x, Tensor other) const;

 private:
  Tensor attend(GraphBuilder& g, Tensor x, Tensor other) const;

  bool is_cross_;
  int64_t channels_, heads_;
  const Weight *norm1_, *norm1_bias_;
  const Weight *norm2_, *norm2_bias_;
  const Weight *norm3_ = nullptr, *norm3_bias_ = nullptr;
  ConvLayer q_proj_, k_proj_, v_proj_, out_proj_;
  ConvLayer linear1_, linear2_;
  const Weight *norm_out_, *norm_out_bias_;
};

class DemucsTransformer {
 public:
  DemucsTransformer(const WeightScope& w, const DemucsContext& context);
  // rows: of the frequency branch's image. positions: the tables below, as graph inputs.
  DemucsTokens build(GraphBuilder& g,
                     DemucsTokens x,
                     const DemucsTokens& positions,
                     int64_t rows) const;

 private:
  const Weight *norm_in_, *norm_in_bias_;
  const Weight *norm_in_t_, *norm_in_t_bias_;
  std::vector<DemucsTransformerLayer> layers_, layers_t_;
};

// Sinusoids of frames in the first half of the channels and of frequency rows in the second, sine
// and cosine in turn: [rows * frames, channels] (create_2d_sin_embedding).
std::vector<float> spectrogram_positions(int64_t rows,
                                         int64_t frames,
                                         int64_t channels,
                                         double max_period);
// Cosines in the first half of the channels, sines in the second: [samples, channels]
// (create_sin_embedding).
std::vector<float> waveform_positions(int64_t samples, int64_t channels, double max_period);

}  // namespace ams
