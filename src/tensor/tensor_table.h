// The one implementation of WeightFile: a list of checked tensors, an index by name, and whatever
// keeps their bytes alive. Each format's reader fills one.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tensor/weight_file.h"

namespace ams {

// Immutable; thread-safe.
class TensorTable final : public WeightFile {
 public:
  // `owners` hold the bytes that the tensors show; they are shared because joined and renamed files
  // show the bytes of the files they come from. Throws CorruptFile if a name occurs twice.
  TensorTable(std::string description,
              std::vector<StoredTensor> tensors,
              std::vector<std::shared_ptr<const void>> owners);
  TensorTable(const TensorTable&) = delete;  // the index refers to names inside
  TensorTable& operator=(const TensorTable&) = delete;

  std::span<const StoredTensor> tensors() const override { return tensors_; }
  const StoredTensor* find(std::string_view name) const override;
  std::string description() const override { return description_; }

 private:
  std::string description_;
  std::vector<StoredTensor> tensors_;
  std::unordered_map<std::string_view, size_t> index_;  // views of names in tensors_
  std::vector<std::shared_ptr<const void>> owners_;
};

}  // namespace ams
