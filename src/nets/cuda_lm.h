// Qwen as CausalLm on our CUDA kernels: fp32 stream and sums, weights as they lie on the card,
// caches in bf16 (fp32 where QwenLm keeps exact ones).
//
// It fits the formats of cuda/lm/weight_matrix.h and the sizes of misfit(). Everything else it
// hands to QwenLm.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cuda/lm/weight_matrix.h"
#include "cuda/queue.h"
#include "nets/qwen_lm.h"

namespace ams {

// The weights of one layer as the kernels take them.
struct CudaLmLayer {
  const float* input_norm = nullptr;
  cuda::WeightMatrix qkv;
  const float* qkv_bias = nullptr;  // null: none
  const float* q_norm = nullptr;    // null: none
  const float* k_norm = nullptr;
  cuda::WeightMatrix o;
  const float* post_norm = nullptr;
  cuda::WeightMatrix gate_up;
  cuda::WeightMatrix down;
};

struct CudaLmWeights {
  explicit CudaLmWeights(const QwenWeights& weights);

  cuda::WeightMatrix embedding;
  std::vector<CudaLmLayer> layers;
  const float* norm = nullptr;
  cuda::WeightMatrix head;
  bool all_bf16 = true;  // the matrices of the layers
};

// Confined to the worker thread.
class CudaLm : public CausalLm {
 public:
  // Makes the queue of the card that a device pointer belongs to.
  using QueueMaker = std::function<std::unique_ptr<cuda::Queue>(const void* device_pointer)>;

  // `lm` holds the weights, must outlive this, and computes what does not fit. `make_queue` is
  // called by the first open() that needs it.
  CudaLm(const QwenLm& lm, QueueMaker make_queue);

  int64_t vocab_size() const override { return lm_->vocab_size(); }
  int64_t max_position_embeddings() const override { return lm_->max_position_embeddings(); }
  // Throws as CausalLm::open(), and Unsupported or Internal if the card cannot be used.
  std::unique_ptr<LmSession> open(const LmSessionOptions& options) override;

  // Why open() would use QwenLm, as a clause ("head_dim is 80"); empty if it would not. Only once
  // the weights are loaded.
  std::string misfit() const;

 private:
  const QwenLm* lm_;
  QueueMaker make_queue_;
  std::shared_ptr<cuda::Queue> queue_;  // shared with the sessions, which may outlive this
};

}  // namespace ams
