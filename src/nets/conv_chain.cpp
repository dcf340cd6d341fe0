#include "nets/conv_chain.h"

namespace ams {
namespace {

int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }
int64_t ceil_div(int64_t a, int64_t b) { return -floor_div(-a, b); }

}  // namespace

int64_t chain_length(std::span<const ConvStep> chain, int64_t length) {
  for (const ConvStep& step : chain) {
    length = step.transposed ? conv_transpose1d_length(step.sizes, length)
                             : conv1d_length(step.sizes, length);
  }
  return length;
}

Range chain_input(std::span<const ConvStep> chain, Range wanted) {
  for (size_t i = chain.size(); i-- > 0;) {
    const Conv1dSizes& s = chain[i].sizes;
    if (chain[i].transposed) {
      // Input q reaches outputs q stride - padding … q stride - padding + kernel - 1.
      wanted = {ceil_div(wanted.begin + s.padding - s.kernel + 1, s.stride),
                floor_div(wanted.end - 1 + s.padding, s.stride) + 1};
    } else {
      wanted = {wanted.begin * s.stride - s.padding,
                (wanted.end - 1) * s.stride - s.padding + (s.kernel - 1) * s.dilation + 1};
    }
  }
  return wanted;
}

int64_t chain_stride(std::span<const ConvStep> chain) {
  int64_t stride = 1;
  for (const ConvStep& step : chain) stride *= step.sizes.stride;
  return stride;
}

}  // namespace ams
