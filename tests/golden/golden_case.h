// Recorded inputs and outputs of the reference implementation, as golden/README.md describes them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "base/json.h"
#include "tensor/weight_file.h"

namespace ams::golden {

// One case: its parameters and tensors. Reading a tensor that is missing throws CorruptFile.
class GoldenCase {
 public:
  GoldenCase(std::filesystem::path folder, const Json& manifest_entry);

  const std::string& name() const { return name_; }
  const std::filesystem::path& folder() const { return folder_; }  // of the manifest
  const Json& params() const { return params_; }

  bool has(std::string_view tensor) const { return weights_->find(tensor) != nullptr; }
  FloatArray floats(std::string_view tensor) const;              // any float type
  std::vector<int64_t> integers(std::string_view tensor) const;  // any integer type or bool
  std::vector<int32_t> ids(std::string_view tensor) const;
  std::vector<int64_t> shape(std::string_view tensor) const;
  bool is_float(std::string_view tensor) const;
  std::vector<std::string> tensor_names(std::string_view prefix) const;
  double atol(std::string_view tensor) const;  // of the manifest; 0 for integers

 private:
  const StoredTensor& stored(std::string_view tensor) const;

  std::filesystem::path folder_;
  std::string name_;
  Json params_;
  std::map<std::string, double, std::less<>> atol_;
  std::shared_ptr<const WeightFile> weights_;
};

// How one tensor compares. Integers compare by `equal` alone.
struct TensorResult {
  std::string name;
  bool is_float = true;
  bool equal = false;     // integers: all equal
  double relative = 0.0;  // ||a - b|| / ||b||, L2
  double cosine = 1.0;
  double max_abs = 0.0;
  double atol = 0.0;
};

// Collects what a runner computed for one case.
class Comparison {
 public:
  explicit Comparison(const GoldenCase& golden) : golden_(golden) {}

  // Compares with "out.<name>" or "mid.<name>"; a mid tensor that was not recorded is passed over.
  void check(std::string_view recorded_name, const FloatArray& actual);
  void check(std::string_view recorded_name, std::span<const int64_t> actual);
  void check(std::string_view recorded_name, std::span<const int32_t> actual);

  const std::vector<TensorResult>& results() const { return results_; }
  // Names of recorded outputs that nobody compared: a case with one of them has failed.
  std::vector<std::string> missing() const;

 private:
  const GoldenCase& golden_;
  std::vector<TensorResult> results_;
};

}  // namespace ams::golden
