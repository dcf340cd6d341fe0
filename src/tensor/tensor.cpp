#include "tensor/tensor.h"

#include <ggml.h>

namespace ams {

int64_t Tensor::dim(int axis) const {
  const int index = axis < 0 ? -1 - axis : rank - 1 - axis;
  return node->ne[index];
}

std::vector<int64_t> Tensor::shape() const {
  std::vector<int64_t> dims;
  for (int axis = 0; axis < rank; ++axis) dims.push_back(dim(axis));
  return dims;
}

int64_t Tensor::size() const { return ggml_nelements(node); }

}  // namespace ams
