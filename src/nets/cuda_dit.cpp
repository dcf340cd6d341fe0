#include "nets/cuda_dit.h"

#include <ggml.h>

#include "base/str.h"
#include "cuda/kernels/residual_norm.h"
#include "nets/cuda_dit_session.h"
#include "nets/dit_conditions.h"
#include "tensor/dtype.h"

namespace ams {
namespace {

std::string misfit_of_matrix(const Weight* weight) {
  if (weight->dtype != DType::BF16) {
    return str("'", weight->name, "' is ", dtype_name(weight->dtype), ", not bf16");
  }
  if (!weight->adapters.empty()) return str("'", weight->name, "' has adapters");
  return {};
}

std::string misfit_of_sizes(const AceStepConfig& config) {
  const int64_t dim = config.head_dim;
  if (dim != 16 && dim != 32 && dim != 64 && dim != 128) return str("head_dim is ", dim);
  if (config.hidden_size % 8 != 0 || config.hidden_size > cuda::kMostNormWidth) {
    return str("hidden_size is ", config.hidden_size);
  }
  if (config.intermediate_size % 8 != 0) {
    return str("intermediate_size is ", config.intermediate_size);
  }
  if (config.encoder_hidden_size % 8 != 0) {
    return str("encoder_hidden_size is ", config.encoder_hidden_size);
  }
  if (config.audio_acoustic_hidden_dim % 2 != 0) {
    return str("audio_acoustic_hidden_dim is ", config.audio_acoustic_hidden_dim);
  }
  return {};
}

}  // namespace

CudaDit::CudaDit(Dit& dit, QueueMaker make_queue)
    : dit_(&dit), make_queue_(std::move(make_queue)) {}

std::string CudaDit::misfit() const {
  std::string reason = misfit_of_sizes(dit_->config());
  const DitWeights weights = dit_->weights();
  const auto look_at = [&](const Weight* weight) {
    if (reason.empty()) reason = misfit_of_matrix(weight);
  };
  for (const TimestepEmbeddingWeights& time : {weights.time_embed, weights.time_embed_r}) {
    look_at(time.linear_1);
    look_at(time.linear_2);
    look_at(time.time_proj);
  }
  look_at(weights.condition_embedder);
  for (const DitLayerWeights& layer : weights.layers) {
    for (const Weight* matrix : layer.matrices()) look_at(matrix);
  }
  return reason;
}

std::unique_ptr<ConditionedDenoiser> CudaDit::bind(const DenoiserConditions& conditions) {
  check_conditions(*dit_, conditions);
  if (!misfit().empty()) return dit_->bind(conditions);
  if (!queue_ && !dit_->device().measures_only()) {
    queue_ = make_queue_(dit_->weights().norm_out->tensor.node->data);
  }
  return std::make_unique<CudaDitSession>(*dit_, queue_, conditions);
}

}  // namespace ams
