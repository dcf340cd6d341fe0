// A checkpoint of an Oobleck autoencoder in memory with random values, under diffusers' names.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "nets/oobleck_config.h"
#include "tensor/weight_file.h"

namespace ams {

// Standard normal numbers, the same for the same seed.
FloatArray noise(std::vector<int64_t> shape, uint64_t seed = 1);

class RandomOobleck : public WeightFile {
 public:
  explicit RandomOobleck(const OobleckConfig& config);
  std::span<const StoredTensor> tensors() const override { return tensors_; }
  const StoredTensor* find(std::string_view name) const override;
  std::string description() const override { return "random checkpoint"; }

 private:
  void add(const std::string& name, std::vector<int64_t> shape, float scale, float offset);
  // weight_v [rows, columns, kernel] and its norms; `biases` values of a bias, 0 for none.
  void conv(const std::string& name, int64_t rows, int64_t columns, int64_t kernel, int64_t biases);
  void snake(const std::string& name, int64_t channels);
  void residual_units(const std::string& block, int64_t channels);

  std::deque<FloatArray> values_;  // what tensors_ refer to
  std::vector<StoredTensor> tensors_;
};

}  // namespace ams
