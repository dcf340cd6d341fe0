// Which inputs a stack of convolutions reads for a range of its outputs: what exact tiling needs.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/convolution.h"

namespace ams {

// Positions [begin, end).
struct Range {
  int64_t begin = 0, end = 0;

  int64_t size() const { return end - begin; }
  bool operator==(const Range&) const = default;
};

// One convolution of a stack; only its sizes along time matter.
struct ConvStep {
  Conv1dSizes sizes;
  bool transposed = false;
};

// Length that the stack makes of `length` positions; 0 if it is too short.
int64_t chain_length(std::span<const ConvStep> chain, int64_t length);
// Input positions that outputs `wanted` depend on. May reach beyond both ends of the input.
Range chain_input(std::span<const ConvStep> chain, Range wanted);
// Output positions per input position (transposed stacks) or the inverse (strided stacks).
int64_t chain_stride(std::span<const ConvStep> chain);

}  // namespace ams
