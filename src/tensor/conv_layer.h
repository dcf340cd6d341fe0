// Convolutions of images that keep their channels innermost: x [rows, columns, C].
// In this layout a linear layer is a convolution with one tap, and every tap of a larger kernel is
// a product of contiguous rows with a matrix. On the CPU one fused operation does all of it (see
// cpu_convolution.h); where Device::has_own_kernels() is false, one product per tap does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tensor/cpu_convolution.h"
#include "tensor/device.h"
#include "tensor/graph_builder.h"
#include "tensor/weight_store.h"

namespace ams {

// How a checkpoint stores a kernel.
enum class ConvStorage {
  Forward,     // [out, in, taps...], as nn.Linear, nn.Conv1d and nn.Conv2d
  Transposed,  // [in, out, 2 * stride], as nn.ConvTranspose; `stride` outputs at once
};

struct ConvLayerOptions {
  std::string weight = "weight";  // names in the scope
  std::string bias = "bias";
  std::string scale;  // optional [out]: output channels are multiplied by it
  ConvStorage storage = ConvStorage::Forward;
  std::vector<int64_t> stored_shape;  // of the weight in the checkpoint
  int64_t first_out = 0;              // only output channels [first_out, first_out + out_channels)
  int64_t in_channels = 0;
  int64_t out_channels = 0;  // of the product, before a GLU halves them
  ConvAxis rows, columns;
  ConvActivation activation = ConvActivation::None;
};

// Immutable after construction; graphs that use it must not outlive it.
class ConvLayer {
 public:
  // Declares weight and bias in the form that the device works best with.
  ConvLayer(const WeightScope& w, const ConvLayerOptions& options, const Device& device);

  // x [R, T, C] -> [out_rows, out_columns, out]; what lies outside of x counts as zero. With
  // `residual` (of the result's shape) it is added last. out = out_channels, half of it after Glu.
  Tensor build(
      GraphBuilder& g, Tensor x, int64_t out_rows, int64_t out_columns, Tensor residual = {}) const;
  // One tap: the size of the image is kept.
  Tensor build(GraphBuilder& g, Tensor x, Tensor residual = {}) const {
    return build(g, x, x.dim(0), x.dim(1), residual);
  }

 private:
  Tensor build_fused(GraphBuilder& g, Tensor x, int64_t rows, int64_t columns, Tensor add) const;
  Tensor build_portable(GraphBuilder& g, Tensor x, int64_t rows, int64_t columns, Tensor add) const;

  std::unique_ptr<const ConvGeometry> geometry_;  // graph nodes point to it
  const Weight* matrix_;  // [panels, taps * in, 32] if fused, else [taps, out, in]
  const Weight* bias_;
  bool fused_;
};

// GroupNorm with one group: each row of x [rows, columns, C] has its own mean and (biased) variance
// over columns and channels; then weight and bias [C]. eps is PyTorch's 1e-5.
// activation: Gelu, or Glu (value channels first), or None. With `residual` and `scale` [C'], the
// result is residual + scale * activation(...).
struct RowNormOptions {
  const Weight* weight = nullptr;
  const Weight* bias = nullptr;
  ConvActivation activation = ConvActivation::None;
  Tensor residual;                // may be empty
  const Weight* scale = nullptr;  // with residual
};
Tensor row_norm(GraphBuilder& g, Tensor x, const RowNormOptions& options);

}  // namespace ams
