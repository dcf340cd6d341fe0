// Random weights that a network survives: activations keep about their size from layer to layer.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tensor/tensor_recipe.h"
#include "tensor/weight_store.h"

namespace ams {

// Values are drawn once and read from another place for each row, so that a checkpoint of five
// billion numbers takes no longer than its disk. All are representable in bf16. The result depends
// on seed, name and shape alone. Thread-safe once made.
class RandomWeights {
 public:
  explicit RandomWeights(uint64_t seed);

  // Norms and gains are one, biases zero, everything else normal with the deviation that its name
  // asks for. Refers to this object.
  TensorRecipe recipe(const WeightPart& part, DType dtype) const;

 private:
  void make(const WeightPart& part, DType dtype, const ByteSink& sink) const;

  uint64_t seed_;
  std::vector<float> normal_;  // deviation 1
};

}  // namespace ams
