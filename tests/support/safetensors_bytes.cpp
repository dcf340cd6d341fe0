#include "support/safetensors_bytes.h"

#include <random>
#include <span>

#include "base/str.h"
#include "tensor/dtype.h"

namespace ams {

std::string safetensors_bytes(const std::vector<NamedValues>& tensors,
                              const std::string& metadata) {
  std::string header = "{";
  if (!metadata.empty()) header += str("\"__metadata__\":", metadata);
  std::string data;
  for (const NamedValues& tensor : tensors) {
    const size_t begin = data.size();
    if (tensor.dtype == "BF16") {
      std::vector<std::byte> packed(2 * tensor.values.size());
      floats_to_bf16(tensor.values, packed);
      data.append(reinterpret_cast<const char*>(packed.data()), packed.size());
    } else {
      const std::span<const std::byte> bytes = std::as_bytes(std::span(tensor.values));
      data.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    std::string shape;
    for (const int64_t dim : tensor.shape) shape += str(shape.empty() ? "" : ",", dim);
    header += str(header.size() > 1 ? "," : "",
                  "\"",
                  tensor.name,
                  "\":{\"dtype\":\"",
                  tensor.dtype,
                  "\",\"shape\":[",
                  shape,
                  "],\"data_offsets\":[",
                  begin,
                  ",",
                  data.size(),
                  "]}");
  }
  header += "}";
  std::string bytes;
  for (size_t i = 0; i < 8; ++i) bytes += static_cast<char>((header.size() >> (8 * i)) & 0xFFu);
  return bytes + header + data;
}

std::vector<float> test_values(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-0.2f, 0.2f);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(random);
  return values;
}

}  // namespace ams
