#include "tensor/lora_tensors.h"

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml.h>

#include "base/error.h"
#include "base/str.h"
#include "tensor/dtype.h"
#include "tensor/lora_delta.h"

namespace ams {
namespace {

void upload(const Tensor& tensor, const StoredTensor& stored) {
  const std::vector<float> values = finite_values(stored);
  if (tensor.node->type == GGML_TYPE_F32) {
    ggml_backend_tensor_set(tensor.node, values.data(), 0, values.size() * sizeof(float));
    return;
  }
  std::vector<std::byte> packed(values.size() * sizeof(uint16_t));
  floats_to_bf16(values, packed);
  ggml_backend_tensor_set(tensor.node, packed.data(), 0, packed.size());
}

}  // namespace

LoraTensors::LoraTensors(std::span<const LoraModule* const> modules,
                         const Device& device,
                         Precision weights) {
  if (modules.empty()) return;
  const ggml_type type = weights == Precision::F32 ? GGML_TYPE_F32 : GGML_TYPE_BF16;
  std::vector<const StoredTensor*> stored;
  for (const LoraModule* module : modules) {
    stored.push_back(module->down);
    stored.push_back(module->up);
  }
  context_ = ggml_init({ggml_tensor_overhead() * stored.size(), nullptr, /*no_alloc=*/true});
  size_t need = 0;
  for (const StoredTensor* tensor : stored) {
    ggml_tensor* node = ggml_new_tensor_2d(context_, type, tensor->shape[1], tensor->shape[0]);
    tensors_.push_back({node, 2});
    need += ggml_nbytes(node);
  }
  buffer_ = ggml_backend_alloc_ctx_tensors_from_buft(context_, device.buffer_type());
  try {
    if (!buffer_) {
      throw Error(ErrorCode::OutOfMemory,
                  str("lora: ",
                      (need >> 20) + 1,
                      " MiB are needed on ",
                      device.info().name,
                      ", ",
                      device.info().memory_free >> 20,
                      " MiB are free; a smaller --quant leaves more"));
    }
    ggml_backend_buffer_set_usage(buffer_, GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
    for (size_t i = 0; i < stored.size(); ++i) upload(tensors_[i], *stored[i]);
  } catch (...) {
    ggml_backend_buffer_free(buffer_);
    ggml_free(context_);
    throw;
  }
}

LoraTensors::~LoraTensors() {
  ggml_backend_buffer_free(buffer_);
  ggml_free(context_);
}

size_t LoraTensors::bytes() const { return buffer_ ? ggml_backend_buffer_get_size(buffer_) : 0; }

}  // namespace ams
