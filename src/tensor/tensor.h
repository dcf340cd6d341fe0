// A node of a compute graph, seen as PyTorch would: outermost dimension first.
#pragma once

#include <cstdint>
#include <vector>

struct ggml_tensor;

namespace ams {

// A handle; valid as long as the graph, weight store or pool that it comes from.
// ggml keeps four dimensions innermost first and no rank; both facts stay inside tensor/.
struct Tensor {
  ggml_tensor* node = nullptr;
  int rank = 0;

  explicit operator bool() const { return node != nullptr; }
  int64_t dim(int axis) const;  // axis may be negative: -1 is the innermost
  std::vector<int64_t> shape() const;
  int64_t size() const;  // elements
};

}  // namespace ams
