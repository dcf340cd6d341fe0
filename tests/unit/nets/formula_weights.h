// Weights and signals made by a formula, for which htdemucs.md lists what the reference computes.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nets/htdemucs_config.h"
#include "tensor/weight_file.h"

namespace ams {

// `count` numbers in [-1, 1): a linear congruential generator seeded with the FNV-1a hash of name.
std::vector<double> formula_noise(std::string_view name, int64_t count);

// [2, samples] of 0.3 * noise.
std::vector<float> formula_signal(std::string_view name, int64_t samples);

// A checkpoint of the HTDemucs class with the tensors of `config` and values of the formula.
class FormulaWeights : public WeightFile {
 public:
  explicit FormulaWeights(const HtdemucsConfig& config, std::string_view prefix = "");

  std::span<const StoredTensor> tensors() const override { return tensors_; }
  const StoredTensor* find(std::string_view name) const override;
  std::string description() const override { return "formula"; }

  // The same as a safetensors file.
  std::string safetensors() const;

 private:
  void add(const std::string& name, std::vector<int64_t> shape);
  void add_layers(const HtdemucsConfig& config);
  void add_dconv(const std::string& name, int64_t channels, const HtdemucsConfig& config);
  void add_transformer(const HtdemucsConfig& config);

  std::string prefix_;
  std::deque<std::vector<float>> values_;
  std::vector<StoredTensor> tensors_;
};

// The small network that the figures are for: one second, 8 channels.
HtdemucsConfig tiny_htdemucs();

}  // namespace ams
