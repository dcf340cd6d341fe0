#include "tensor/conv_layer.h"

#include <algorithm>
#include <array>

#include <ggml.h>

#include "tensor/cpu_row_norm.h"

namespace ams {
namespace {

// Where element (tap, out, in) of the matrix lies in the checkpoint's kernel.
struct KernelIndex {
  ConvStorage storage;
  int64_t taps, in, out, first_out;

  size_t operator()(int64_t tap, int64_t o, int64_t i) const {
    if (storage == ConvStorage::Forward) {
      return static_cast<size_t>(((first_out + o) * in + i) * taps + tap);
    }
    // Output block n of `stride` samples takes the first half of the kernel from input n (tap 1)
    // and the second half from input n - 1 (tap 0). o counts samples, then channels.
    const int64_t stride = transposed_stride;
    const int64_t channels = out / stride;
    const int64_t sample = o / channels + (tap == 0 ? stride : 0);
    return static_cast<size_t>((i * channels + o % channels) * 2 * stride + sample);
  }
  int64_t transposed_stride = 1;
};

// Row o of the result uses element bias_index(o) of the stored bias and scale.
int64_t bias_index(const KernelIndex& kernel, int64_t o) {
  if (kernel.storage == ConvStorage::Forward) return kernel.first_out + o;
  return o % (kernel.out / kernel.transposed_stride);
}

WeightTransform matrix_transform(const KernelIndex& kernel,
                                 std::vector<int64_t> columns,
                                 int64_t panel) {
  return [=](std::span<const std::vector<float>> parts) {
    const std::vector<float>& stored = parts[0];
    std::vector<float> matrix;
    const auto append = [&](int64_t tap, int64_t o, int64_t i) {
      float value = o < 0 ? 0.0f : stored[kernel(tap, o, i)];
      if (o >= 0 && parts.size() > 1) {
        value *= parts[1][static_cast<size_t>(bias_index(kernel, o))];
      }
      matrix.push_back(value);
    };
    if (panel == 0) {  // [taps, out, in]
      for (int64_t tap = 0; tap < kernel.taps; ++tap) {
        for (int64_t o = 0; o < kernel.out; ++o) {
          for (int64_t i = 0; i < kernel.in; ++i) append(tap, o, i);
        }
      }
      return matrix;
    }
    for (size_t first = 0; first < columns.size(); first += static_cast<size_t>(panel)) {
      for (int64_t tap = 0; tap < kernel.taps; ++tap) {
        for (int64_t i = 0; i < kernel.in; ++i) {
          for (size_t column = first; column < first + static_cast<size_t>(panel); ++column) {
            append(tap, columns[column], i);
          }
        }
      }
    }
    return matrix;
  };
}

WeightTransform bias_transform(const KernelIndex& kernel, std::vector<int64_t> columns) {
  return [=](std::span<const std::vector<float>> parts) {
    std::vector<float> bias;
    for (const int64_t o : columns) {
      float value = 0.0f;
      if (o >= 0) {
        const auto index = static_cast<size_t>(bias_index(kernel, o));
        value = parts[0][index] * (parts.size() > 1 ? parts[1][index] : 1.0f);
      }
      bias.push_back(value);
    }
    return bias;
  };
}

Tensor activate(GraphBuilder& g, Tensor x, ConvActivation activation) {
  if (activation == ConvActivation::None) return x;
  if (activation == ConvActivation::Gelu) return g.gelu(x);
  const int64_t half = x.dim(-1) / 2;
  const Tensor gate = g.sigmoid(g.contiguous(g.slice(x, -1, half, 2 * half)));
  return g.mul(g.slice(x, -1, 0, half), gate);
}

// Zeros needed behind an axis of `length` for `out` outputs.
int64_t zeros_behind(const ConvAxis& axis, int64_t length, int64_t out) {
  const int64_t last = (out - 1) * axis.stride + (axis.taps - 1) * axis.dilation - axis.before;
  return std::max<int64_t>(0, last + 1 - length);
}

}  // namespace

ConvLayer::ConvLayer(const WeightScope& w, const ConvLayerOptions& options, const Device& device)
    : fused_(device.has_own_kernels()) {
  ConvGeometry geometry{
      options.rows, options.columns, options.in_channels, options.out_channels, options.activation};
  const int64_t taps = geometry.taps();
  const bool transposed = options.storage == ConvStorage::Transposed;
  KernelIndex kernel{options.storage,
                     taps,
                     options.in_channels,
                     options.out_channels,
                     options.first_out,
                     transposed ? options.stored_shape[2] / 2 : 1};
  std::vector<int64_t> columns = conv_packed_columns(geometry);
  const auto panels = static_cast<int64_t>(columns.size()) / kConvPanel;
  if (!fused_) {
    columns.clear();
    for (int64_t o = 0; o < options.out_channels; ++o) columns.push_back(o);
  }
  const int64_t stored_out = options.stored_shape[transposed ? 1 : 0];
  std::vector<WeightPart> weight_parts{{options.weight, options.stored_shape}};
  std::vector<WeightPart> bias_parts{{options.bias, {stored_out}}};
  if (!options.scale.empty()) {
    weight_parts.push_back({options.scale, {stored_out}});
    bias_parts.push_back({options.scale, {stored_out}});
  }
  const std::vector<int64_t> shape =
      fused_ ? std::vector<int64_t>{panels, taps * options.in_channels, kConvPanel}
             : std::vector<int64_t>{taps, options.out_channels, options.in_channels};
  matrix_ = w.derived(weight_parts,
                      shape,
                      WeightRole::Exact,
                      matrix_transform(kernel, columns, fused_ ? kConvPanel : 0));
  bias_ = w.derived(bias_parts,
                    {static_cast<int64_t>(columns.size())},
                    WeightRole::Exact,
                    bias_transform(kernel, columns));
  geometry_ = std::make_unique<const ConvGeometry>(geometry);
}

Tensor ConvLayer::build(
    GraphBuilder& g, Tensor x, int64_t out_rows, int64_t out_columns, Tensor residual) const {
  return fused_ ? build_fused(g, x, out_rows, out_columns, residual)
                : build_portable(g, x, out_rows, out_columns, residual);
}

Tensor ConvLayer::build_fused(
    GraphBuilder& g, Tensor x, int64_t rows, int64_t columns, Tensor add) const {
  std::array<ggml_tensor*, 4> sources{
      g.contiguous(x).node, matrix_->tensor.node, bias_->tensor.node, nullptr};
  if (add) sources[3] = g.contiguous(add).node;
  ggml_tensor* y = ggml_custom_4d(g.context(),
                                  GGML_TYPE_F32,
                                  geometry_->result_channels(),
                                  columns,
                                  rows,
                                  1,
                                  sources.data(),
                                  add ? 4 : 3,
                                  cpu_convolution,
                                  GGML_N_TASKS_MAX,
                                  const_cast<ConvGeometry*>(geometry_.get()));
  return GraphBuilder::wrap(y, 3);
}

Tensor ConvLayer::build_portable(
    GraphBuilder& g, Tensor x, int64_t rows, int64_t columns, Tensor add) const {
  const ConvAxis& r = geometry_->rows;
  const ConvAxis& c = geometry_->columns;
  // Padded as [rows, columns * C]: ggml's CUDA kernel takes at most 65535 rows.
  const int64_t in = geometry_->in_channels;
  const int64_t behind = zeros_behind(c, x.dim(1), columns);
  Tensor padded = g.reshape(x, {x.dim(0), x.dim(1) * in});
  padded = g.pad(padded, 0, r.before, zeros_behind(r, x.dim(0), rows));
  padded = g.pad(padded, 1, c.before * in, behind * in);
  padded = g.reshape(padded, {padded.dim(0), c.before + x.dim(1) + behind, in});
  const ggml_tensor* node = padded.node;
  Tensor y;
  for (int64_t tap = 0; tap < geometry_->taps(); ++tap) {
    const int64_t row = tap / c.taps * r.dilation;
    const int64_t column = tap % c.taps * c.dilation;
    ggml_tensor* view = ggml_view_3d(
        g.context(),
        padded.node,
        geometry_->in_channels,
        columns,
        rows,
        node->nb[1] * static_cast<size_t>(c.stride),
        node->nb[2] * static_cast<size_t>(r.stride),
        node->nb[2] * static_cast<size_t>(row) + node->nb[1] * static_cast<size_t>(column));
    const Tensor pixels =
        g.reshape(GraphBuilder::wrap(view, 3), {rows * columns, geometry_->in_channels});
    const Tensor matrix = g.reshape(g.slice(matrix_->tensor, 0, tap, tap + 1),
                                    {geometry_->out_channels, geometry_->in_channels});
    const Tensor product = g.linear_of(pixels, matrix);
    y = y ? g.add(y, product) : product;
  }
  y = activate(g, g.add(y, bias_->tensor), geometry_->activation);
  y = g.reshape(y, {rows, columns, geometry_->result_channels()});
  return add ? g.add(add, y) : y;
}

namespace {

Tensor fused_row_norm(GraphBuilder& g, Tensor x, const RowNormOptions& options) {
  void* plan = const_cast<RowNormPlan*>(&row_norm_plan(options.activation));
  ggml_tensor* pixels = g.contiguous(x).node;
  std::vector<ggml_tensor*> sources{pixels, options.weight->tensor.node, options.bias->tensor.node};
  if (x.dim(0) == 1) {
    sources.push_back(ggml_custom_4d(g.context(),
                                     GGML_TYPE_F32,
                                     2,
                                     kRowNormParts,
                                     1,
                                     1,
                                     &pixels,
                                     1,
                                     cpu_row_statistics,
                                     GGML_N_TASKS_MAX,
                                     plan));
  }
  if (options.residual) {
    sources.push_back(g.contiguous(options.residual).node);
    sources.push_back(options.scale->tensor.node);
  }
  const bool glu = options.activation == ConvActivation::Glu;
  ggml_tensor* y = ggml_custom_4d(g.context(),
                                  GGML_TYPE_F32,
                                  glu ? x.dim(2) / 2 : x.dim(2),
                                  x.dim(1),
                                  x.dim(0),
                                  1,
                                  sources.data(),
                                  static_cast<int>(sources.size()),
                                  cpu_row_norm,
                                  GGML_N_TASKS_MAX,
                                  plan);
  return GraphBuilder::wrap(y, 3);
}

}  // namespace

Tensor row_norm(GraphBuilder& g, Tensor x, const RowNormOptions& options) {
  if (g.device().has_own_kernels()) return fused_row_norm(g, x, options);
  const int64_t rows = x.dim(0);
  // ggml's group norm takes its groups from the third dimension and is exact for long rows on GPUs.
  Tensor y = g.reshape(x, {1, rows, 1, x.dim(1) * x.dim(2)});
  y = GraphBuilder::wrap(
      ggml_group_norm(
          g.context(), y.node, static_cast<int>(rows), row_norm_plan(options.activation).eps),
      4);
  y = g.reshape(y, x.shape());
  y = g.add(g.mul(y, options.weight->tensor), options.bias->tensor);
  y = activate(g, y, options.activation);
  if (!options.residual) return y;
  return g.add(options.residual, g.mul(y, options.scale->tensor));
}

}  // namespace ams
