// Qwen as CausalLm: key/value caches and step graphs that are reused from token to token.
#pragma once

#include <memory>

#include "nets/causal_lm.h"
#include "nets/qwen.h"
#include "tensor/device.h"

namespace ams {

class QwenLm : public CausalLm {
 public:
  // Declares the weights; load the store before use. The store and `device` must outlive it.
  // `exact_caches` keeps keys and values in fp32 instead of the device's 16-bit cache type.
  QwenLm(const WeightScope& w, const QwenConfig& config, const Device& device, bool exact_caches);

  int64_t vocab_size() const override { return transformer_.config().vocab_size; }
  int64_t max_position_embeddings() const override {
    return transformer_.config().max_position_embeddings;
  }
  std::unique_ptr<LmSession> open(const LmSessionOptions& options) override;

 private:
  QwenTransformer transformer_;
  const Device* device_;
  bool exact_caches_;
};

}  // namespace ams
