// Audio tokenizer and detokenizer of ACE-Step 1.5 on ggml: five latent frames <-> one audio code by
// finite scalar quantisation (arXiv:2309.15505).
#pragma once

#include "nets/acestep_config.h"
#include "nets/blocks/encoder_layer.h"
#include "nets/code_tokenizer.h"
#include "nets/tap_observer.h"
#include "tensor/device.h"
#include "tensor/graph.h"

namespace ams {

// The quantiser itself; no weights. Values of one code lie in [-1, 1], one per level.
class FiniteScalarQuantizer {
 public:
  explicit FiniteScalarQuantizer(std::vector<int64_t> levels) : levels_(std::move(levels)) {}

  int64_t dimensions() const { return static_cast<int64_t>(levels_.size()); }
  int32_t quantize(std::span<const float> z) const;              // projected inputs, one per level
  void dequantize(int32_t code, std::span<float> values) const;  // code in [0, product of levels)

 private:
  std::vector<int64_t> levels_;
};

class FsqCodeTokenizer : public CodeTokenizer {
 public:
  // Declares `tokenizer.*` and `detokenizer.*`; load the store before use. The store and `device`
  // must outlive it.
  FsqCodeTokenizer(const WeightScope& root, const AceStepConfig& config, const Device& device);

  int64_t frames_per_code() const override { return config_.pool_window_size; }
  int64_t num_codes() const override { return config_.num_codes(); }
  std::vector<int32_t> encode(const FloatArray& latents) override;
  FloatArray decode(std::span<const int32_t> codes) override;

  void observe(TapObserver observer) { observer_ = std::move(observer); }

 private:
  // latents [n, window, C] -> projected inputs of the quantiser [n, levels].
  Tensor build_encoder(GraphBuilder& g, Tensor latents, Tensor positions) const;
  // values [n, levels] -> latents [n, window, C].
  Tensor build_decoder(GraphBuilder& g, Tensor values, Tensor positions) const;

  AceStepConfig config_;
  const Device* device_;
  TapObserver observer_;
  FiniteScalarQuantizer quantizer_;
  const Weight *audio_acoustic_proj_, *audio_acoustic_proj_bias_;
  const Weight *pooler_embed_tokens_, *pooler_embed_tokens_bias_;
  const Weight* pooler_special_token_;
  EncoderStack pooler_;
  const Weight *project_in_, *project_in_bias_;
  const Weight *project_out_, *project_out_bias_;
  const Weight *detokenizer_embed_tokens_, *detokenizer_embed_tokens_bias_;
  const Weight* detokenizer_special_tokens_;
  EncoderStack detokenizer_;
  const Weight *detokenizer_proj_out_, *detokenizer_proj_out_bias_;
};

}  // namespace ams
