#include "nets/cuda_lm.h"

#include <optional>

#include <ggml.h>

#include "base/str.h"
#include "cuda/kernels/residual_norm.h"
#include "cuda/lm/lm_attention.h"
#include "cuda/lm/lm_product.h"
#include "nets/cuda_lm_session.h"
#include "tensor/dtype.h"

namespace ams {
namespace {

std::optional<cuda::WeightFormat> format_of(DType dtype) {
  switch (dtype) {
    case DType::F32:
      return cuda::WeightFormat::F32;
    case DType::BF16:
      return cuda::WeightFormat::Bf16;
    case DType::Q8_0:
      return cuda::WeightFormat::Q8_0;
    case DType::Q4_K:
      return cuda::WeightFormat::Q4_K;
    case DType::Q5_K:
      return cuda::WeightFormat::Q5_K;
    case DType::Q6_K:
      return cuda::WeightFormat::Q6_K;
    default:
      return std::nullopt;
  }
}

std::string misfit_of_matrix(const Weight* weight) {
  const std::optional<cuda::WeightFormat> format = format_of(weight->dtype);
  if (!format) return str("'", weight->name, "' is ", dtype_name(weight->dtype));
  if (weight->shape[1] % cuda::block_values(*format) != 0) {
    return str("rows of '", weight->name, "' have ", weight->shape[1], " values");
  }
  if (!weight->adapters.empty()) return str("'", weight->name, "' has adapters");
  return {};
}

std::string misfit_of_sizes(const QwenConfig& config) {
  const int64_t dim = config.head_dim;
  if (dim != 8 && dim != 16 && dim != 32 && dim != 64 && dim != 128) {
    return str("head_dim is ", dim);
  }
  const int64_t group = config.num_attention_heads / config.num_key_value_heads;
  if (group > cuda::kMostHeadGroup) return str(group, " query heads share a key head");
  if (config.hidden_size > cuda::kMostNormWidth) {
    return str("hidden_size is ", config.hidden_size);
  }
  return {};
}

cuda::WeightMatrix matrix_of(const Weight* weight) {
  return {weight->tensor.node->data, *format_of(weight->dtype), weight->shape[0], weight->shape[1]};
}

const float* floats_of(const Weight* weight) {
  return weight ? static_cast<const float*>(weight->tensor.node->data) : nullptr;
}

}  // namespace

CudaLmWeights::CudaLmWeights(const QwenWeights& weights)
    : embedding(matrix_of(weights.embed_tokens)),
      norm(floats_of(weights.norm)),
      head(matrix_of(weights.lm_head)) {
  for (const QwenLayerWeights& from : weights.layers) {
    CudaLmLayer layer;
    layer.input_norm = floats_of(from.input_layernorm);
    layer.qkv = matrix_of(from.qkv_proj);
    layer.qkv_bias = floats_of(from.qkv_bias);
    layer.q_norm = floats_of(from.q_norm);
    layer.k_norm = floats_of(from.k_norm);
    layer.o = matrix_of(from.o_proj);
    layer.post_norm = floats_of(from.post_attention_layernorm);
    layer.gate_up = matrix_of(from.gate_up_proj);
    layer.down = matrix_of(from.down_proj);
    for (const cuda::WeightMatrix* matrix : {&layer.qkv, &layer.o, &layer.gate_up, &layer.down}) {
      all_bf16 = all_bf16 && matrix->format == cuda::WeightFormat::Bf16;
    }
    layers.push_back(layer);
  }
}

CudaLm::CudaLm(const QwenLm& lm, QueueMaker make_queue)
    : lm_(&lm), make_queue_(std::move(make_queue)) {}

std::string CudaLm::misfit() const {
  std::string reason = misfit_of_sizes(lm_->config());
  const QwenWeights weights = lm_->weights();
  const auto look_at = [&](const Weight* weight) {
    if (reason.empty()) reason = misfit_of_matrix(weight);
  };
  look_at(weights.embed_tokens);
  look_at(weights.lm_head);
  for (const QwenLayerWeights& layer : weights.layers) {
    for (const Weight* matrix :
         {layer.qkv_proj, layer.o_proj, layer.gate_up_proj, layer.down_proj}) {
      look_at(matrix);
    }
  }
  return reason;
}

std::unique_ptr<LmSession> CudaLm::open(const LmSessionOptions& options) {
  check_session(*this, options);
  if (options.num_sequences > cuda::kMostProductRows || !misfit().empty()) {
    return lm_->open_portable(options);
  }
  if (!queue_ && !lm_->device().measures_only()) {
    queue_ = make_queue_(lm_->weights().norm->tensor.node->data);
  }
  return std::make_unique<CudaLmSession>(*lm_, queue_, options);
}

}  // namespace ams
