// Dense row-major arrays of host memory: what networks, sampling and files exchange.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace ams {

// A value type. `data.size()` equals the product of `shape`, outermost dimension first.
template <typename T>
struct Array {
  std::vector<int64_t> shape;
  std::vector<T> data;

  Array() = default;
  // Zero-filled.
  explicit Array(std::vector<int64_t> dims) : shape(std::move(dims)) {
    size_t count = 1;
    for (const int64_t dim : shape) count *= static_cast<size_t>(dim);
    data.resize(count);
  }
  Array(std::vector<int64_t> dims, std::vector<T> values)
      : shape(std::move(dims)), data(std::move(values)) {}

  int64_t dim(size_t axis) const { return shape[axis]; }
  int64_t size() const { return static_cast<int64_t>(data.size()); }
  bool empty() const { return data.empty(); }
  // Row `index` of the outermost dimension.
  std::span<const T> row(int64_t index) const {
    const size_t count = data.size() / static_cast<size_t>(shape[0]);
    return std::span<const T>(data).subspan(static_cast<size_t>(index) * count, count);
  }
  std::span<T> row(int64_t index) {
    const size_t count = data.size() / static_cast<size_t>(shape[0]);
    return std::span<T>(data).subspan(static_cast<size_t>(index) * count, count);
  }
  bool operator==(const Array&) const = default;
};

using FloatArray = Array<float>;
using IndexArray = Array<int32_t>;

}  // namespace ams
