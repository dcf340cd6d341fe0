// Diffusion transformer of ACE-Step 1.5 on our CUDA kernels: the same mathematics and savings as
// Dit (dit.h), with bf16 operands, fp32 sums and an fp32 residual stream.
//
// It fits bf16 weights without adapters and the sizes of misfit(). Everything else it hands to Dit.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cuda/queue.h"
#include "nets/native_denoiser.h"

namespace ams {

// Confined to the worker thread.
class CudaDit : public NativeDenoiser {
 public:
  // Makes the queue of the card that a device pointer belongs to.
  using QueueMaker = std::function<std::unique_ptr<cuda::Queue>(const void* device_pointer)>;

  // `dit` holds the weights, must outlive this, and computes what does not fit. `make_queue` is
  // called by the first bind() that needs it.
  CudaDit(Dit& dit, QueueMaker make_queue);

  int64_t latent_channels() const override { return dit_->latent_channels(); }
  int64_t encoder_hidden_size() const override { return dit_->encoder_hidden_size(); }
  // Throws as Denoiser::bind(), and Unsupported or Internal if the card cannot be used.
  std::unique_ptr<ConditionedDenoiser> bind(const DenoiserConditions& conditions) override;

  std::string misfit() const override;

 private:
  Dit* dit_;
  QueueMaker make_queue_;
  std::shared_ptr<cuda::Queue> queue_;  // shared with the sessions, which may outlive this
};

}  // namespace ams
