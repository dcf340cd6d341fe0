// Python pickles as data: a reader that builds values and never calls anything.
//
// Only the opcodes of protocol 2 that torch.save writes and a fixed list of globals are known;
// everything else is refused by name. See "pickletools" of Python's library for the opcodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tensor/dtype.h"

namespace ams {

// What a global name stands for. Reading it runs no code, whatever the name means in Python.
enum class PickleGlobal {
  RebuildTensor,  // torch._utils._rebuild_tensor_v2
  OrderedDict,    // collections.OrderedDict
  Fraction,       // fractions.Fraction
  StorageType,    // torch.FloatStorage, …
  ModelClass,     // demucs.htdemucs.HTDemucs: a name, never built
  NumpyValue,     // numpy scalars in training logs: skipped
};

// One value. `items` refer to other values by their position in Pickle::values, so that shared and
// cyclic structures cost nothing: whoever walks them needs a limit.
struct PickleValue {
  enum class Kind {
    None,
    Bool,
    Int,
    Float,
    String,
    List,
    Tuple,
    Dict,        // items: key, value, key, value, …
    Global,      // text: its full name
    StorageRef,  // text: key of the archive's entry; integer: number of elements
    TensorRef,   // items: storage, offset, shape tuple, stride tuple
    Fraction,    // integer / denominator
    Opaque,      // something that was skipped
  };
  Kind kind = Kind::None;
  int64_t integer = 0;  // Bool, Int, Fraction, StorageRef
  int64_t denominator = 1;
  double real = 0;
  std::string text = {};
  std::vector<uint32_t> items = {};
  PickleGlobal global = PickleGlobal::NumpyValue;  // Global
  std::optional<DType> dtype = {};                 // StorageRef; Global that is a storage type
};

// A read pickle. Immutable.
struct Pickle {
  std::vector<PickleValue> values;
  uint32_t root = 0;
  const PickleValue& at(uint32_t position) const { return values[position]; }
};

// Reads a whole pickle. `what` names it in messages. Throws CorruptFile if it is cut off or misuses
// its stack, Unsupported for unknown opcodes and globals (by name) and for sizes above the limits:
// 8 MiB of pickle, 2^20 values, 1 MiB a string.
Pickle read_pickle(std::span<const std::byte> bytes, const std::string& what);

}  // namespace ams
