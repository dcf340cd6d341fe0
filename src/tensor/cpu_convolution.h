// The fused convolution of ConvLayer on the CPU, as a custom operation of ggml.
#pragma once

#include <cstdint>
#include <vector>

struct ggml_tensor;

namespace ams {

// One axis of a kernel: output i reads inputs i * stride + tap * dilation - before.
struct ConvAxis {
  int64_t taps = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t before = 0;  // zeros in front
};

enum class ConvActivation {
  None,
  Gelu,  // exact, with erf
  Glu,   // first half of the channels * sigmoid(second half)
};

struct ConvGeometry {
  ConvAxis rows, columns;
  int64_t in_channels = 0;
  int64_t out_channels = 0;  // before a GLU halves them
  ConvActivation activation = ConvActivation::None;

  int64_t taps() const { return rows.taps * columns.taps; }
  int64_t result_channels() const {
    return activation == ConvActivation::Glu ? out_channels / 2 : out_channels;
  }
};

// Output channels of one panel of a packed matrix.
constexpr int64_t kConvPanel = 32;

// The output channel of each packed column, -1 for padding. A GLU's panels hold 16 values and their
// 16 gates, so that the product's registers hold both.
std::vector<int64_t> conv_packed_columns(const ConvGeometry& geometry);

// ggml's custom operation: dst [rows, columns, out]; sources x [R, T, in], packed matrix [panels,
// taps * in, 32], packed bias [panels * 32] and optionally a residual of dst's shape. All fp32 and
// contiguous. `geometry` is a ConvGeometry.
void cpu_convolution(ggml_tensor* dst, int thread, int threads, void* geometry);

}  // namespace ams
