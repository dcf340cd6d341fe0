// The low-rank matrices of one adapter on a device.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tensor/device.h"
#include "tensor/lora_file.h"
#include "tensor/tensor.h"
#include "tensor/weight_store.h"

struct ggml_context;
struct ggml_backend_buffer;

namespace ams {

// Confined to the worker thread; the device must outlive it.
class LoraTensors {
 public:
  // Uploads `down` and `up` of each module, all of kind LowRank: as fp32 beside fp32 weights, else
  // as bf16, whatever the weights are quantised to. Throws OutOfMemory, CorruptFile for values that
  // are not finite.
  LoraTensors(std::span<const LoraModule* const> modules, const Device& device, Precision weights);
  ~LoraTensors();
  LoraTensors(const LoraTensors&) = delete;
  LoraTensors& operator=(const LoraTensors&) = delete;

  // In the order of the modules given.
  Tensor down(size_t module) const { return tensors_[2 * module]; }
  Tensor up(size_t module) const { return tensors_[2 * module + 1]; }
  size_t bytes() const;

 private:
  ggml_context* context_ = nullptr;
  ggml_backend_buffer* buffer_ = nullptr;
  std::vector<Tensor> tensors_;
};

}  // namespace ams
