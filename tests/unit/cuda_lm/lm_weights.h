// Random weight matrices on the emulated card, and their values as ggml decodes them.
#pragma once

#include <cstring>
#include <vector>

#include "cuda/device_values.h"
#include "cuda/lm/weight_matrix.h"
#include "tensor/dtype.h"
#include "tensor/tensor_convert.h"

namespace ams::cuda {

struct FormatRow {
  WeightFormat format;
  DType dtype;
};
constexpr FormatRow kFormats[] = {{WeightFormat::F32, DType::F32},
                                  {WeightFormat::Bf16, DType::BF16},
                                  {WeightFormat::Q8_0, DType::Q8_0},
                                  {WeightFormat::Q4_K, DType::Q4_K},
                                  {WeightFormat::Q5_K, DType::Q5_K},
                                  {WeightFormat::Q6_K, DType::Q6_K}};

struct RandomWeights {
  RandomWeights(
      Queue& queue, const FormatRow& row, int64_t outputs, int64_t inputs, uint32_t seed) {
    const std::vector<float> exact =
        random_values(static_cast<size_t>(outputs * inputs), seed, 0.5f);
    const std::vector<std::byte> bytes = encode_values(exact, row.dtype, inputs);
    memory = queue.allocate(bytes.size());
    std::memcpy(memory.get(), bytes.data(), bytes.size());
    matrix = {memory.get(), row.format, outputs, inputs};
    StoredTensor stored;
    stored.dtype = row.dtype;
    stored.shape = {outputs, inputs};
    stored.bytes = bytes;
    values = to_float(stored);
  }

  DeviceMemory memory;
  WeightMatrix matrix;
  std::vector<float> values;
};

}  // namespace ams::cuda
