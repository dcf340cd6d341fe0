// The globals that a pickle may name.
#pragma once

#include <optional>
#include <string_view>

#include "tensor/pickle.h"

namespace ams {

struct PickleGlobalInfo {
  std::string_view name;  // "module.name"
  PickleGlobal global;
  std::optional<DType> dtype;  // of a storage type
};

// The row of `name`, null if it is not allowed. Immutable; thread-safe.
const PickleGlobalInfo* find_pickle_global(std::string_view name);

}  // namespace ams
