#include "tensor/tensor_recipe.h"

#include "base/error.h"
#include "base/str.h"

namespace ams {

TensorRecipe copy_recipe(const StoredTensor& tensor) {
  return {tensor.name, tensor.dtype, tensor.shape, [bytes = tensor.bytes](const ByteSink& sink) {
            sink(bytes);
          }};
}

void run_recipe(const TensorRecipe& recipe, const ByteSink& sink) {
  const size_t expected =
      dtype_bytes(recipe.dtype, element_count(recipe.shape).value_or(int64_t{-1}));
  size_t made = 0;
  recipe.make([&](std::span<const std::byte> bytes) {
    made += bytes.size();
    if (made <= expected) sink(bytes);
  });
  if (made == expected) return;
  throw Error(
      ErrorCode::Internal,
      str("weights: '", recipe.name, "' was made with ", made, " bytes, expected ", expected));
}

}  // namespace ams
