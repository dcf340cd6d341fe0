// Safetensors files made in memory for tests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ams {

struct NamedValues {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;
  std::string dtype = "F32";  // or BF16
};

// A whole file. `metadata`: the JSON object of "__metadata__", empty for none.
std::string safetensors_bytes(const std::vector<NamedValues>& tensors,
                              const std::string& metadata = "");

// Small numbers that differ for each seed.
std::vector<float> test_values(size_t count, uint32_t seed);

}  // namespace ams
