#include "tensor/tensor_table.h"

#include <utility>

#include "base/error.h"
#include "base/str.h"

namespace ams {

TensorTable::TensorTable(std::string description,
                         std::vector<StoredTensor> tensors,
                         std::vector<std::shared_ptr<const void>> owners)
    : description_(std::move(description)),
      tensors_(std::move(tensors)),
      owners_(std::move(owners)) {
  index_.reserve(tensors_.size());
  for (size_t i = 0; i < tensors_.size(); ++i) {
    if (!index_.emplace(tensors_[i].name, i).second) {
      throw Error(ErrorCode::CorruptFile,
                  str("weights: ", description_, " has the tensor '", tensors_[i].name, "' twice"));
    }
  }
}

const StoredTensor* TensorTable::find(std::string_view name) const {
  const auto entry = index_.find(name);
  return entry == index_.end() ? nullptr : &tensors_[entry->second];
}

}  // namespace ams
