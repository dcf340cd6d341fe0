// A tensor that is written without ever being whole in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tensor/weight_file.h"

namespace ams {

// Takes the next bytes of a tensor.
using ByteSink = std::function<void(std::span<const std::byte>)>;

// What a header says of a tensor, and where its bytes come from.
struct TensorRecipe {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;
  // Gives exactly the bytes that dtype and shape ask for, in order, in pieces of any size.
  std::function<void(const ByteSink&)> make;
};

// The recipe that copies a stored tensor. The tensor's bytes must outlive it.
TensorRecipe copy_recipe(const StoredTensor& tensor);

// Runs a recipe, passing its bytes on. Throws Internal if it made more or fewer bytes than it says.
void run_recipe(const TensorRecipe& recipe, const ByteSink& sink);

}  // namespace ams
