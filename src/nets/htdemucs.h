// HTDemucs (arXiv:2211.08553): a hybrid network that splits a stereo segment into stems, in the
// spectrum and in the waveform at once.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/array.h"
#include "nets/htdemucs_config.h"
#include "nets/htdemucs_layers.h"
#include "nets/htdemucs_transformer.h"
#include "nets/stereo_spectrum.h"
#include "nets/tap_observer.h"
#include "tensor/device.h"
#include "tensor/graph.h"
#include "tensor/weight_store.h"

namespace ams {

// One network. Confined to the worker thread; `device` must outlive it.
class Htdemucs {
 public:
  // Declares the weights; load the store before the first segment.
  Htdemucs(const HtdemucsConfig& config, const Device& device);
  Htdemucs(const Htdemucs&) = delete;
  Htdemucs& operator=(const Htdemucs&) = delete;

  const HtdemucsConfig& config() const { return config_; }
  WeightStore& store() { return store_; }

  // HTDemucs.forward on mix [2, N], 1 <= N <= config().segment_samples, completed with silence.
  // Returns [stems, 2, N]. Throws OutOfMemory.
  FloatArray separate_segment(const FloatArray& mix);

  // Frees the intermediate values; the next segment makes them again.
  void release_graph() { graph_.reset(); }
  size_t graph_bytes() const { return graph_ ? graph_->bytes() : 0; }

  // Shows the taps of every following segment to a parity test.
  void observe(TapObserver observer);

 private:
  struct Statistics {
    float mean, deviation;
  };

  void build_graph();
  void build(GraphBuilder& g);
  DemucsTokens build_transformer(GraphBuilder& g, DemucsTokens x) const;
  static Statistics normalize(std::vector<float>& values);
  void report_spectrum(const std::vector<float>& spectrum) const;

  HtdemucsConfig config_;
  const Device* device_;
  DemucsContext context_;
  TapObserver observer_;
  WeightStore store_;
  StereoSpectrum spectrum_;
  std::vector<DemucsEncoderLayer> encoder_, tencoder_;
  std::vector<DemucsDecoderLayer> decoder_, tdecoder_;
  const Weight* freq_emb_;               // [F, 1, C], scaled
  std::vector<ConvLayer> upsamplers_;    // frequency and time, or none
  std::vector<ConvLayer> downsamplers_;  // the same
  DemucsTransformer crosstransformer_;

  std::unique_ptr<Graph> graph_;
  DemucsTokens in_, positions_, out_;  // of graph_
};

}  // namespace ams
