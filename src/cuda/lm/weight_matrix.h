// Weight matrices of language models as they lie on the device.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ams::cuda {

// The quantised ones are ggml's block formats.
enum class WeightFormat { F32, Bf16, Q8_0, Q4_K, Q5_K, Q6_K };

// [outputs, inputs], dense, row-major. `inputs` is a multiple of 8 and of the format's block,
// `data` is aligned to 16 bytes and readable up to the next multiple of 4 bytes behind its end.
struct WeightMatrix {
  const void* data = nullptr;
  WeightFormat format = WeightFormat::Bf16;
  int64_t outputs = 0;
  int64_t inputs = 0;
};

constexpr int64_t block_values(WeightFormat format) {
  switch (format) {
    case WeightFormat::F32:
    case WeightFormat::Bf16:
      return 8;  // what our kernels take at a time
    case WeightFormat::Q8_0:
      return 32;
    default:
      return 256;
  }
}

constexpr int64_t block_bytes(WeightFormat format) {
  switch (format) {
    case WeightFormat::F32:
      return 32;
    case WeightFormat::Bf16:
      return 16;
    case WeightFormat::Q8_0:
      return 34;
    case WeightFormat::Q4_K:
      return 144;
    case WeightFormat::Q5_K:
      return 176;
    default:
      return 210;
  }
}

constexpr int64_t row_bytes(WeightFormat format, int64_t inputs) {
  return inputs / block_values(format) * block_bytes(format);
}

}  // namespace ams::cuda
