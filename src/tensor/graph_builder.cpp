#include "tensor/graph_builder.h"

#include <array>
#include <cmath>

#include <ggml.h>

#include "base/str.h"
#include "tensor/cpu_nodes.h"
#include "tensor/dtype.h"
#include "tensor/tf32_rows.h"

namespace ams {
namespace {

// ggml's innermost-first index of an axis.
int ggml_axis(const Tensor& x, int axis) { return axis < 0 ? -1 - axis : x.rank - 1 - axis; }

std::array<int64_t, 4> ggml_shape(const std::vector<int64_t>& shape) {
  std::array<int64_t, 4> ne{1, 1, 1, 1};
  for (size_t i = 0; i < shape.size(); ++i) ne[i] = shape[shape.size() - 1 - i];
  return ne;
}

}  // namespace

GraphBuilder::GraphBuilder(ggml_context* context,
                           ggml_cgraph* graph,
                           const Device& device,
                           bool keep_taps)
    : context_(context), graph_(graph), device_(&device), keep_taps_(keep_taps) {}

Tensor GraphBuilder::declare(std::string_view name, int type, const std::vector<int64_t>& shape) {
  const std::array<int64_t, 4> ne = ggml_shape(shape);
  ggml_tensor* node =
      ggml_new_tensor_4d(context_, static_cast<ggml_type>(type), ne[0], ne[1], ne[2], ne[3]);
  ggml_set_name(node, std::string(name).c_str());
  // The output flag keeps the allocator from reusing an input's memory after its last reader, so
  // that a value set once holds for all runs.
  ggml_set_input(node);
  ggml_set_output(node);
  const Tensor tensor{node, static_cast<int>(shape.size())};
  inputs_.push_back(tensor);
  return tensor;
}

Tensor GraphBuilder::input(std::string_view name, std::vector<int64_t> shape) {
  return declare(name, GGML_TYPE_F32, shape);
}

Tensor GraphBuilder::index_input(std::string_view name, std::vector<int64_t> shape) {
  return declare(name, GGML_TYPE_I32, shape);
}

Tensor GraphBuilder::row_input(std::string_view name, std::vector<int64_t> shape) {
  return declare(name, GGML_TYPE_I64, shape);
}

Tensor GraphBuilder::mask_input(std::string_view name, std::vector<int64_t> shape) {
  return declare(name, GGML_TYPE_F16, shape);
}

Tensor GraphBuilder::constant_mask(std::span<const float> values,
                                   const std::vector<int64_t>& shape) {
  const Tensor mask = declare("mask", GGML_TYPE_F16, shape);
  Constant constant{mask, std::vector<std::byte>(values.size() * sizeof(ggml_fp16_t))};
  ggml_fp32_to_fp16_row(values.data(),
                        reinterpret_cast<ggml_fp16_t*>(constant.bytes.data()),
                        static_cast<int64_t>(values.size()));
  constants_.push_back(std::move(constant));
  return mask;
}

Tensor GraphBuilder::output(std::string_view name, Tensor x) {
  Tensor result = contiguous(x);
  ggml_set_name(result.node, std::string(name).c_str());
  ggml_set_output(result.node);
  ggml_build_forward_expand(graph_, result.node);
  return result;
}

void GraphBuilder::tap(std::string_view name, Tensor x) {
  if (!keep_taps_) return;
  const Tensor copy =
      wrap(ggml_cont(context_, x.node), x.rank);  // later in-place work cannot reach it
  taps_.push_back({std::string(name), output(name, copy)});
}

void GraphBuilder::effect(Tensor x) { ggml_build_forward_expand(graph_, x.node); }

Tensor GraphBuilder::linear(Tensor x, const Weight* weight, const Weight* bias) {
  // One product over all rows reads each weight once; ggml would walk leading dimensions one by
  // one.
  const std::vector<int64_t> in_shape = x.shape();
  const Tensor rows = contiguous(x);
  const int64_t in = rows.dim(-1);
  const int64_t count = rows.size() / in;
  ggml_tensor* matrix = weight->tensor.node;
  ggml_tensor* flat = padded_against_tf32(
      context_, *device_, matrix, ggml_reshape_2d(context_, rows.node, in, count));
  ggml_tensor* y = multiply(matrix, flat);
  for (const LowRank& adapter : weight->adapters) {
    keep(adapter.owner);
    ggml_tensor* low = ggml_mul_mat(context_, adapter.down.node, flat);
    ggml_prec_set_acc(low, GGML_PREC_F32);
    low = ggml_scale(context_, low, adapter.scale);  // here it has the fewest elements
    ggml_tensor* delta = ggml_mul_mat(context_, adapter.up.node, low);
    ggml_prec_set_acc(delta, GGML_PREC_F32);
    if (delta->ne[0] == y->ne[0]) {
      y = ggml_add(context_, y, delta);
    } else {
      // Nobody else reads y yet, so a part of a fused matrix is added in place.
      const size_t offset = static_cast<size_t>(adapter.begin) * sizeof(float);
      y = ggml_acc_inplace(context_, y, delta, y->nb[1], y->nb[2], y->nb[3], offset);
    }
  }
  if (bias) y = ggml_add(context_, y, bias->tensor.node);
  y = first_rows(context_, y, count);
  std::vector<int64_t> out_shape = in_shape;
  out_shape.back() = weight->shape[0];
  return reshape(wrap(y, 2), out_shape);
}

Tensor GraphBuilder::linear_rows(Tensor x, const Weight* weight, int64_t begin, int64_t end) {
  return linear_of(x, slice(weight->tensor, 0, begin, end));
}

Tensor GraphBuilder::linear_of(Tensor x, Tensor matrix) {
  return wrap(multiply(matrix.node, contiguous(x).node), x.rank);
}

ggml_tensor* GraphBuilder::multiply(ggml_tensor* matrix, ggml_tensor* x) {
  const bool flat = ggml_n_dims(x) <= 2 && x->type == GGML_TYPE_F32;
  if (device_->has_own_kernels() && flat && CpuNodePool::can_multiply(matrix, x->ne[1])) {
    return cpu_nodes().multiply(context_, matrix, x);
  }
  ggml_tensor* y = ggml_mul_mat(context_, matrix, x);
  // bf16 products are summed in fp32 anyway; asked for it, ggml's CUDA back end would first turn
  // the whole matrix into fp32, at every call.
  if (matrix->type != GGML_TYPE_BF16) ggml_prec_set_acc(y, GGML_PREC_F32);
  return y;
}

CpuNodePool& GraphBuilder::cpu_nodes() {
  if (!cpu_nodes_) {
    cpu_nodes_ = std::make_shared<CpuNodePool>(device_->threads());
    keep(cpu_nodes_);
  }
  return *cpu_nodes_;
}

Tensor GraphBuilder::rms_norm(Tensor x, const Weight* weight, float eps) {
  return mul(rms_normalize(x, eps), weight->tensor);
}

Tensor GraphBuilder::rms_normalize(Tensor x, float eps) {
  return wrap(ggml_rms_norm(context_, x.node, eps), x.rank);
}

// What each exact frequency is divided by to become its bf16 value.
Tensor GraphBuilder::rounding_factors(const RotaryTable& table, int64_t head_dim) {
  if (!table.rounded) return {};
  if (const auto made = rounding_factors_.find(head_dim); made != rounding_factors_.end()) {
    return made->second;
  }
  std::vector<float> factors;
  for (int64_t i = 0; i < head_dim / 2; ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(head_dim);
    const auto exact = static_cast<float>(std::pow(double{table.theta}, exponent));
    factors.push_back(exact / bf16_to_float(float_to_bf16(exact)));
  }
  const Tensor tensor = declare("rotary_factors", GGML_TYPE_F32, {head_dim / 2});
  const auto bytes = std::as_bytes(std::span<const float>(factors));
  constants_.push_back({tensor, {bytes.begin(), bytes.end()}});
  rounding_factors_[head_dim] = tensor;
  return tensor;
}

Tensor GraphBuilder::rope(Tensor x, Tensor positions, const RotaryTable& table) {
  constexpr int kFullContext = 0;  // no context extension
  ggml_tensor* y = ggml_rope_ext(context_,
                                 x.node,
                                 positions.node,
                                 rounding_factors(table, x.dim(-1)).node,
                                 static_cast<int>(x.dim(-1)),
                                 GGML_ROPE_TYPE_NEOX,
                                 kFullContext,
                                 table.theta,
                                 /*freq_scale=*/1.0f,
                                 /*ext_factor=*/0.0f,
                                 /*attn_factor=*/1.0f,
                                 /*beta_fast=*/32.0f,
                                 /*beta_slow=*/1.0f);
  return wrap(y, x.rank);
}

Tensor GraphBuilder::add(Tensor a, Tensor b) {
  return wrap(ggml_add(context_, a.node, b.node), a.rank);
}

Tensor GraphBuilder::sub(Tensor a, Tensor b) {
  return wrap(ggml_sub(context_, a.node, b.node), a.rank);
}

Tensor GraphBuilder::mul(Tensor a, Tensor b) {
  return wrap(ggml_mul(context_, a.node, b.node), a.rank);
}

Tensor GraphBuilder::scale(Tensor x, float factor, float bias) {
  return wrap(ggml_scale_bias(context_, x.node, factor, bias), x.rank);
}

Tensor GraphBuilder::silu(Tensor x) { return wrap(ggml_silu(context_, x.node), x.rank); }

Tensor GraphBuilder::gelu(Tensor x) { return wrap(ggml_gelu_erf(context_, x.node), x.rank); }

Tensor GraphBuilder::sigmoid(Tensor x) { return wrap(ggml_sigmoid(context_, x.node), x.rank); }

Tensor GraphBuilder::swiglu(Tensor gate_up) {
  return wrap(ggml_swiglu(context_, gate_up.node), gate_up.rank);
}

Tensor GraphBuilder::timestep_embedding(Tensor t, int64_t width) {
  constexpr int kMaxPeriod = 10000;
  return wrap(ggml_timestep_embedding(context_, t.node, static_cast<int>(width), kMaxPeriod), 2);
}

Tensor GraphBuilder::reshape(Tensor x, std::vector<int64_t> shape) {
  const std::array<int64_t, 4> ne = ggml_shape(shape);
  const Tensor dense = contiguous(x);
  return wrap(ggml_reshape_4d(context_, dense.node, ne[0], ne[1], ne[2], ne[3]),
              static_cast<int>(shape.size()));
}

Tensor GraphBuilder::permute(Tensor x, std::vector<int> axes) {
  // ggml names the target place of each source axis; PyTorch names the source of each target axis.
  std::array<int, 4> target{0, 1, 2, 3};
  for (int place = 0; place < x.rank; ++place) {
    const int source = axes[static_cast<size_t>(place)];
    target[static_cast<size_t>(x.rank - 1 - source)] = x.rank - 1 - place;
  }
  ggml_tensor* view = ggml_permute(context_, x.node, target[0], target[1], target[2], target[3]);
  return wrap(ggml_cont(context_, view), x.rank);
}

Tensor GraphBuilder::contiguous(Tensor x) {
  return ggml_is_contiguous(x.node) ? x : wrap(ggml_cont(context_, x.node), x.rank);
}

Tensor GraphBuilder::concat(Tensor a, Tensor b, int axis) {
  return wrap(ggml_concat(context_, a.node, b.node, ggml_axis(a, axis)), a.rank);
}

Tensor GraphBuilder::slice(Tensor x, int axis, int64_t begin, int64_t end) {
  const int index = ggml_axis(x, axis);
  std::array<int64_t, 4> ne{x.node->ne[0], x.node->ne[1], x.node->ne[2], x.node->ne[3]};
  ne[static_cast<size_t>(index)] = end - begin;
  std::array<size_t, 4> nb{x.node->nb[0], x.node->nb[1], x.node->nb[2], x.node->nb[3]};
  // Some of ggml's operations look at the strides of dimensions of size one, too.
  size_t first_single = 4;
  while (first_single > 1 && ne[first_single - 1] == 1) --first_single;
  for (size_t i = first_single; i < 4; ++i) nb[i] = nb[i - 1] * static_cast<size_t>(ne[i - 1]);
  ggml_tensor* view = ggml_view_4d(context_,
                                   x.node,
                                   ne[0],
                                   ne[1],
                                   ne[2],
                                   ne[3],
                                   nb[1],
                                   nb[2],
                                   nb[3],
                                   static_cast<size_t>(begin) * x.node->nb[index]);
  return wrap(view, x.rank);
}

Tensor GraphBuilder::split_last(Tensor x, int64_t outer, int64_t inner) {
  // Leading dimensions keep their strides; there are at most two of them before four are reached.
  const ggml_tensor* node = x.node;
  const size_t inner_bytes = ggml_row_size(node->type, inner);
  ggml_tensor* view = ggml_view_4d(context_,
                                   x.node,
                                   inner,
                                   outer,
                                   node->ne[1],
                                   node->ne[2],
                                   inner_bytes,
                                   node->nb[1],
                                   node->nb[2],
                                   0);
  return wrap(view, x.rank + 1);
}

Tensor GraphBuilder::repeat(Tensor x, std::vector<int64_t> shape) {
  const std::array<int64_t, 4> ne = ggml_shape(shape);
  return wrap(ggml_repeat_4d(context_, x.node, ne[0], ne[1], ne[2], ne[3]),
              static_cast<int>(shape.size()));
}

Tensor GraphBuilder::pad(Tensor x, int axis, int64_t before, int64_t after) {
  if (before == 0 && after == 0) return x;
  std::array<int, 8> amounts{};  // before and after of each ggml axis
  const auto index = static_cast<size_t>(ggml_axis(x, axis));
  amounts[2 * index] = static_cast<int>(before);
  amounts[2 * index + 1] = static_cast<int>(after);
  return wrap(ggml_pad_ext(context_,
                           contiguous(x).node,
                           amounts[0],
                           amounts[1],
                           amounts[2],
                           amounts[3],
                           amounts[4],
                           amounts[5],
                           amounts[6],
                           amounts[7]),
              x.rank);
}

Tensor GraphBuilder::embed(const Weight* table, Tensor ids) {
  return wrap(ggml_get_rows(context_, table->tensor.node, ids.node), 2);
}

Tensor GraphBuilder::set_rows(Tensor table, Tensor rows, Tensor ids) {
  return wrap(ggml_set_rows(context_, table.node, rows.node, ids.node), table.rank);
}

Tensor GraphBuilder::copy(Tensor from, Tensor to) {
  return wrap(ggml_cpy(context_, from.node, to.node), to.rank);
}

Tensor GraphBuilder::cast_bf16(Tensor x) {
  return wrap(ggml_cast(context_, x.node, GGML_TYPE_BF16), x.rank);
}

Tensor GraphBuilder::layer_norm(Tensor x, const Weight* weight, const Weight* bias, float eps) {
  ggml_tensor* y = ggml_norm(context_, x.node, eps);
  y = ggml_mul(context_, y, weight->tensor.node);
  return wrap(ggml_add(context_, y, bias->tensor.node), x.rank);
}

}  // namespace ams
