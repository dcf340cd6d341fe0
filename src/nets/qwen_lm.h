// Qwen as CausalLm on ggml: key/value caches and step graphs that are reused from token to token.
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
  QwenLm(const QwenLm&) = delete;
  QwenLm& operator=(const QwenLm&) = delete;

  int64_t vocab_size() const override { return transformer_.config().vocab_size; }
  int64_t max_position_embeddings() const override {
    return transformer_.config().max_position_embeddings;
  }
  // On a device with native networks with our kernels, where they fit (native_lm.h).
  std::unique_ptr<LmSession> open(const LmSessionOptions& options) override;
  // With ggml whatever the device.
  std::unique_ptr<LmSession> open_portable(const LmSessionOptions& options) const;

  const QwenConfig& config() const { return transformer_.config(); }
  QwenWeights weights() const { return transformer_.weights(); }
  const Device& device() const { return *device_; }
  bool has_exact_caches() const { return exact_caches_; }

 private:
  QwenTransformer transformer_;
  const Device* device_;
  bool exact_caches_;
  std::unique_ptr<CausalLm> native_;  // made by the first open() that wants it
};

// Throws InvalidRequest for a number of sequences or a context that a model cannot have.
void check_session(const CausalLm& lm, const LmSessionOptions& options);

}  // namespace ams
