// Weights of one-dimensional convolutions in the form that the device's kernels read.
//
// Two variants exist behind the same names. The CPU runs our kernels (kernels/conv1d.h):
// activations lie channels-last, [T, C], and weights in blocks of 32 outputs. Other devices run
// ggml operations on [C, T], with columns or with sums of taps. GraphBuilder::to_convolution and
// from_convolution convert at the ends.
#pragma once

#include <cstdint>
#include <string_view>

#include "tensor/device.h"
#include "tensor/tensor.h"
#include "tensor/weight_store.h"

namespace ams {

struct Conv1dSizes {
  int64_t in_channels = 1, out_channels = 1;
  int64_t kernel = 1, stride = 1, dilation = 1;
  int64_t padding = 0;  // on both sides; of a transposed convolution: rows cropped on both sides
};

// Whether ggml's variant multiplies the input once by the kernels of all taps and adds the shifted
// results, instead of copying the input into columns. It needs a stride of 1 and fp32.
bool sums_taps(const Conv1dSizes& sizes, bool half_columns);

// Rows that a convolution makes of `rows` rows; 0 if the kernel does not fit.
int64_t conv1d_length(const Conv1dSizes& sizes, int64_t rows);
int64_t conv_transpose1d_length(const Conv1dSizes& sizes, int64_t rows);

struct Conv1dWeights {
  Conv1dSizes sizes;
  const Weight* kernel = nullptr;
  const Weight* bias = nullptr;  // null: none
  bool half_columns = false;     // columns of ggml's variant in fp16; sums are fp32
};

// snake(x) = x + sin^2(frequency x) * gain (arXiv:2006.08195), per channel.
struct SnakeWeights {
  const Weight* frequency = nullptr;  // [C, 1]
  const Weight* gain = nullptr;       // [C, 1]
};

// What is computed in the same pass as a convolution.
struct ConvFusion {
  const SnakeWeights* snake = nullptr;  // applied to the input first
  Tensor residual = {};                 // added to the result; may be empty
};

struct ConvDeclaration {
  const Device* device = nullptr;
  bool has_bias = true;
  bool half_columns = false;
};

// Declares `name`.weight_g, .weight_v and .bias of a convolution under weight normalisation
// (arXiv:1602.07868): w = g v / |v|, one norm per index of dimension 0, fused while loading. That
// dimension is the outputs of a convolution, [out, in, kernel], but the inputs of a transposed one,
// [in, out, kernel].
Conv1dWeights declare_conv1d(const WeightScope& w,
                             std::string_view name,
                             const Conv1dSizes& sizes,
                             const ConvDeclaration& how);
Conv1dWeights declare_conv_transpose1d(const WeightScope& w,
                                       std::string_view name,
                                       const Conv1dSizes& sizes,
                                       const ConvDeclaration& how);
// Declares `name`.alpha and .beta [1, C, 1], logarithms of frequency and inverse gain.
SnakeWeights declare_snake(const WeightScope& w, std::string_view name, int64_t channels);

// Loading transforms, for tests.
// g [n], v [n, ...] -> g v / |v| along dimension 0; the norms are summed in double.
std::vector<float> fuse_weight_norm(std::span<const float> g, std::span<const float> v);
// [out, in, kernel] -> [blocks][kernel][in][32].
std::vector<float> pack_conv1d(std::span<const float> weight, const Conv1dSizes& sizes);
// [out, in, kernel] -> [in, kernel, out], for sums of taps.
std::vector<float> pack_conv_taps(std::span<const float> weight, const Conv1dSizes& sizes);
// [in, out, kernel] -> [blocks][taps][in][32] with stride * out outputs, taps = ceil(kernel /
// stride).
std::vector<float> pack_conv_transpose1d(std::span<const float> weight, const Conv1dSizes& sizes);

}  // namespace ams
