// GraphBuilder's convolutions: which variant runs, and the one made of ggml operations.
#include "tensor/convolution.h"

#include <vector>

#include <ggml.h>

#include "tensor/conv1d_node.h"
#include "tensor/graph_builder.h"
#include "tensor/tf32_rows.h"

namespace ams {
namespace {

ggml_tensor* half_or_float(ggml_context* context, ggml_tensor* x, bool half) {
  return half ? ggml_cast(context, x, GGML_TYPE_F16) : ggml_cont(context, x);
}

// Product with fp32 sums whatever the operands' type. b is a matrix.
ggml_tensor* product(ggml_context* context, const Device& device, ggml_tensor* a, ggml_tensor* b) {
  ggml_tensor* y = ggml_mul_mat(context, a, padded_against_tf32(context, device, a, b));
  ggml_prec_set_acc(y, GGML_PREC_F32);
  return first_rows(context, y, b->ne[1]);
}

}  // namespace

Tensor GraphBuilder::to_convolution(Tensor x) {
  return device_->has_own_kernels() ? permute(x, {1, 0}) : contiguous(x);
}

Tensor GraphBuilder::from_convolution(Tensor x) {
  return device_->has_own_kernels() ? permute(x, {1, 0}) : x;
}

Tensor GraphBuilder::slice_frames(Tensor x, int64_t begin, int64_t end) {
  if (begin == 0 && end == frames(x)) return x;
  const Tensor part = slice(x, device_->has_own_kernels() ? 0 : 1, begin, end);
  // A copy where rows lie apart; never a view of what may become an output of the graph.
  return device_->has_own_kernels() ? part : wrap(ggml_cont(context_, part.node), 2);
}

int64_t GraphBuilder::frames(Tensor x) const { return x.dim(device_->has_own_kernels() ? 0 : 1); }

Tensor GraphBuilder::concat_frames(Tensor a, Tensor b) {
  return concat(a, b, device_->has_own_kernels() ? 0 : 1);
}

// The order of operations is the one that ggml's GPU back ends fuse into one kernel.
Tensor GraphBuilder::snake(Tensor x, const SnakeWeights& weights) {
  const Tensor sine =
      wrap(ggml_sin(context_, ggml_mul(context_, x.node, weights.frequency->tensor.node)), x.rank);
  ggml_tensor* square = ggml_sqr(context_, sine.node);
  ggml_tensor* wave = ggml_mul(context_, square, weights.gain->tensor.node);
  return wrap(ggml_add(context_, x.node, wave), x.rank);
}

Tensor GraphBuilder::conv1d(Tensor x, const Conv1dWeights& weights, const ConvFusion& fusion) {
  if (device_->has_own_kernels()) return own_convolution(x, weights, fusion, /*transposed=*/false);
  if (fusion.snake) x = snake(x, *fusion.snake);
  const Conv1dSizes& sizes = weights.sizes;
  if (sums_taps(sizes, weights.half_columns)) return summed_taps(x, weights, fusion.residual);
  ggml_tensor* kernel = weights.kernel->tensor.node;
  ggml_tensor* columns = ggml_im2col(context_,
                                     kernel,
                                     x.node,
                                     static_cast<int>(sizes.stride),
                                     0,
                                     static_cast<int>(sizes.padding),
                                     0,
                                     static_cast<int>(sizes.dilation),
                                     0,
                                     /*is_2D=*/false,
                                     weights.half_columns ? GGML_TYPE_F16 : GGML_TYPE_F32);
  ggml_tensor* flat =
      ggml_reshape_2d(context_, kernel, sizes.kernel * sizes.in_channels, sizes.out_channels);
  ggml_tensor* y = product(context_, *device_, columns, flat);  // [out, T]
  if (weights.bias) y = ggml_add(context_, y, weights.bias->tensor.node);
  if (fusion.residual) y = ggml_add(context_, y, fusion.residual.node);
  return wrap(y, 2);
}

// One product with the kernels of all taps, then the sum of the shifted results: ggml's columns
// cost several times the product on a GPU.
Tensor GraphBuilder::summed_taps(Tensor x, const Conv1dWeights& weights, Tensor residual) {
  const Conv1dSizes& sizes = weights.sizes;
  const Tensor padded = pad(x, 1, sizes.padding, sizes.padding);
  ggml_tensor* taps = ggml_out_prod(context_, padded.node, weights.kernel->tensor.node);
  const int64_t rows = padded.dim(1) - sizes.dilation * (sizes.kernel - 1);
  std::vector<ggml_tensor*> terms;
  for (int64_t k = 0; k < sizes.kernel; ++k) {
    const auto first_row = static_cast<size_t>(k * sizes.dilation) * sizeof(float);
    const size_t first_channel = static_cast<size_t>(k * sizes.out_channels) * taps->nb[1];
    terms.push_back(ggml_view_2d(
        context_, taps, rows, sizes.out_channels, taps->nb[1], first_channel + first_row));
    ggml_build_forward_expand(graph_, terms.back());
  }
  if (residual) terms.push_back(residual.node);
  // The additions follow each other in the graph, so that GPU back ends make one kernel of them.
  ggml_tensor* y = sizes.kernel == 1 ? taps : terms.front();
  for (size_t i = 1; i < terms.size(); ++i) y = ggml_add(context_, y, terms[i]);
  if (weights.bias) y = ggml_add(context_, y, weights.bias->tensor.node);
  return wrap(y, 2);
}

Tensor GraphBuilder::conv_transpose1d(Tensor x,
                                      const Conv1dWeights& weights,
                                      const ConvFusion& fusion) {
  if (device_->has_own_kernels()) return own_convolution(x, weights, fusion, /*transposed=*/true);
  if (fusion.snake) x = snake(x, *fusion.snake);
  const Conv1dSizes& sizes = weights.sizes;
  ggml_tensor* rows =
      half_or_float(context_, ggml_transpose(context_, x.node), weights.half_columns);
  ggml_tensor* kernel = weights.kernel->tensor.node;
  if (weights.half_columns) kernel = ggml_cast(context_, kernel, GGML_TYPE_F16);
  ggml_tensor* columns = product(context_, *device_, kernel, rows);  // [T, out * kernel]
  ggml_tensor* y = ggml_col2im_1d(context_,
                                  columns,
                                  static_cast<int>(sizes.stride),
                                  static_cast<int>(sizes.out_channels),
                                  static_cast<int>(sizes.padding));
  if (weights.bias) y = ggml_add(context_, y, weights.bias->tensor.node);
  if (fusion.residual) y = ggml_add(context_, y, fusion.residual.node);
  return wrap(y, 2);
}

Tensor GraphBuilder::own_convolution(Tensor x,
                                     const Conv1dWeights& weights,
                                     const ConvFusion& fusion,
                                     bool transposed) {
  if (!conv_pool_) {
    conv_pool_ = std::make_shared<ConvNodePool>(device_->threads());
    keep(conv_pool_);
  }
  return wrap(conv_pool_->add(context_, contiguous(x), weights, fusion, transposed), 2);
}

}  // namespace ams
