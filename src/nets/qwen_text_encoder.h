// Qwen as TextEncoder: prompts through all layers, lyrics through the embedding table only.
#pragma once

#include "nets/qwen.h"
#include "nets/tap_observer.h"
#include "nets/text_encoder.h"
#include "tensor/graph.h"

namespace ams {

class QwenTextEncoder : public TextEncoder {
 public:
  // Declares the weights; load the store before use. The store and `device` must outlive it.
  QwenTextEncoder(const WeightScope& w, const QwenConfig& config, const Device& device);

  int64_t hidden_size() const override { return transformer_.config().hidden_size; }
  int64_t vocab_size() const override { return transformer_.config().vocab_size; }
  FloatArray encode(std::span<const int32_t> tokens) override;
  FloatArray embed(std::span<const int32_t> tokens) override;

  void observe(TapObserver observer) { observer_ = std::move(observer); }

 private:
  QwenTransformer transformer_;
  const Device* device_;
  TapObserver observer_;
};

// Throws InvalidRequest if `tokens` is empty or has an id outside [0, vocab_size).
void check_tokens(std::span<const int32_t> tokens, int64_t vocab_size);

}  // namespace ams
