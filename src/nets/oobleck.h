// Oobleck, the waveform autoencoder of Stable Audio (arXiv:2407.14358) as diffusers'
// AutoencoderOobleck stores it: convolutions under weight normalisation with snake activations.
// Values between blocks have the device's convolution layout (tensor/convolution.h).
#pragma once

#include <memory>
#include <vector>

#include "nets/conv_chain.h"
#include "nets/latent_codec.h"
#include "nets/oobleck_config.h"
#include "nets/tap_observer.h"
#include "tensor/convolution.h"
#include "tensor/device.h"
#include "tensor/graph_builder.h"
#include "tensor/weight_store.h"

namespace ams {

// x + conv2_k1(snake2(conv1_k7(snake1(x)))), conv1 dilated.
class OobleckResidualUnit {
 public:
  OobleckResidualUnit(const WeightScope& w,
                      int64_t channels,
                      int64_t dilation,
                      const ConvDeclaration& how);
  Tensor build(GraphBuilder& g, Tensor x) const;
  void append_steps(std::vector<ConvStep>& chain) const;

 private:
  SnakeWeights snake1_, snake2_;
  Conv1dWeights conv1_, conv2_;
};

// Three residual units, dilated by 1, 3 and 9.
class OobleckResidualStack {
 public:
  OobleckResidualStack(const WeightScope& w, int64_t channels, const ConvDeclaration& how);
  Tensor build(GraphBuilder& g, Tensor x) const;
  void append_steps(std::vector<ConvStep>& chain) const;

 private:
  std::vector<OobleckResidualUnit> units_;
};

// res_unit1 … 3, snake1, conv1 with kernel 2 s and stride s.
class OobleckEncoderBlock {
 public:
  OobleckEncoderBlock(const WeightScope& w,
                      int64_t in_channels,
                      int64_t out_channels,
                      int64_t stride,
                      const ConvDeclaration& how);
  Tensor build(GraphBuilder& g, Tensor x) const;  // T -> floor(T / s) for even s
  void append_steps(std::vector<ConvStep>& chain) const;

 private:
  OobleckResidualStack residual_;
  SnakeWeights snake1_;
  Conv1dWeights conv1_;
};

// snake1, conv_t1 with kernel 2 s and stride s, res_unit1 … 3.
class OobleckDecoderBlock {
 public:
  OobleckDecoderBlock(const WeightScope& w,
                      int64_t in_channels,
                      int64_t out_channels,
                      int64_t stride,
                      const ConvDeclaration& how);
  Tensor build(GraphBuilder& g, Tensor x) const;  // T -> T s for even s
  void append_steps(std::vector<ConvStep>& chain) const;

 private:
  SnakeWeights snake1_;
  Conv1dWeights conv_t1_;
  OobleckResidualStack residual_;
};

// A stack that can be cut before block `split` (0 … number of blocks): the front ends there, the
// back starts there. The side with the higher rate is run piece by piece to save memory.
class OobleckEncoder {
 public:
  OobleckEncoder(const WeightScope& w, const OobleckConfig& config, const ConvDeclaration& how);
  Tensor build_front(GraphBuilder& g, Tensor audio, int64_t split) const;
  Tensor build_back(GraphBuilder& g, Tensor x, int64_t split) const;  // mean and raw scale
  std::vector<ConvStep> front_chain(int64_t split) const;
  std::vector<ConvStep> back_chain(int64_t split) const;

 private:
  Conv1dWeights conv1_;
  std::vector<OobleckEncoderBlock> block_;
  SnakeWeights snake1_;
  Conv1dWeights conv2_;
};

class OobleckDecoder {
 public:
  OobleckDecoder(const WeightScope& w, const OobleckConfig& config, const ConvDeclaration& how);
  Tensor build_front(GraphBuilder& g, Tensor latents, int64_t split) const;
  Tensor build_back(GraphBuilder& g, Tensor x, int64_t split) const;  // audio
  std::vector<ConvStep> front_chain(int64_t split) const;
  std::vector<ConvStep> back_chain(int64_t split) const;

 private:
  Conv1dWeights conv1_;
  std::vector<OobleckDecoderBlock> block_;
  SnakeWeights snake1_;
  Conv1dWeights conv2_;
};

// How much memory the intermediate values of one window may take. Small footprints suit caches and
// the rest of the program; larger ones would save a few percent of overlap.
struct OobleckMemory {
  // With our kernels: the side with the lower rate, and one segment of the other.
  int64_t window_bytes = int64_t{192} << 20;
  int64_t segment_bytes = int64_t{48} << 20;
  // With ggml's operations: the largest column buffer. A quarter of the free memory is the other
  // limit.
  int64_t column_bytes = int64_t{2} << 30;
};

// The portable implementation of LatentCodec.
class Oobleck : public LatentCodec {
 public:
  // Declares the tensors of `encoder.*` and `decoder.*`; load the store before use. The store and
  // `device` must outlive the network. Precision::F32 keeps every value in fp32 on every device;
  // with others, devices without our kernels may round the inputs of products to ten bits.
  Oobleck(const WeightScope& root,
          const OobleckConfig& config,
          const Device& device,
          Precision precision);
  ~Oobleck() override;

  int64_t latent_channels() const override { return config_.decoder_input_channels; }
  int64_t hop_samples() const override { return config_.hop_samples(); }
  int64_t sample_rate() const override { return config_.sampling_rate; }
  int64_t audio_channels() const override { return config_.audio_channels; }

  FloatArray decode(const FloatArray& latents, const TileOptions& options) override;
  LatentPosterior encode(const FloatArray& audio, const TileOptions& options) override;

  void limit_memory(const OobleckMemory& memory) { memory_ = memory; }
  // Shows the taps of every following run to a parity test; needs inputs that fit one tile.
  void observe(TapObserver observer) { observer_ = std::move(observer); }

  const OobleckConfig& config() const { return config_; }
  const Device& device() const { return *device_; }
  const TapObserver& observer() const { return observer_; }
  const OobleckMemory& memory() const { return memory_; }
  bool half_columns() const { return half_columns_; }
  const OobleckEncoder& encoder() const { return encoder_; }
  const OobleckDecoder& decoder() const { return decoder_; }

 private:
  OobleckConfig config_;
  const Device* device_;
  TapObserver observer_;
  OobleckMemory memory_;
  bool half_columns_;
  OobleckEncoder encoder_;
  OobleckDecoder decoder_;
};

}  // namespace ams
