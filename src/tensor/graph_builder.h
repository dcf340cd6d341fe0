// Adds nodes to a compute graph in PyTorch's terms. Device-specific variants, precision choices and
// the workarounds for ggml live behind these names, once.
//
// Shapes are outermost first. [...] means any leading dimensions; four dimensions at most.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/convolution.h"
#include "tensor/device.h"
#include "tensor/tensor.h"
#include "tensor/weight_store.h"

struct ggml_cgraph;
struct ggml_context;

namespace ams {

class ConvNodePool;
class CpuNodePool;

// Frequencies of rotary positions: theta^(-2 i / D). The official CUDA runs hold them in bf16,
// which shifts phases audibly late in a song; `rounded` reproduces that.
struct RotaryTable {
  float theta = 1e6f;
  bool rounded = false;
};

struct AttentionOptions {
  bool causal = false;
  // > 0: key j is seen from query i only if |i - j| <= window. Not together with `causal` or
  // `mask`.
  int64_t window = 0;
  Tensor mask;  // added to the scores: fp32 [B, S, L], 0 for visible keys; may be empty
};

// A value that a parity test wants to see.
struct Tap {
  std::string name;
  Tensor value;
};

// Confined to the thread that builds the graph. Errors in shapes are defects of the caller and
// abort in ggml; sizes from files and requests are checked before a graph is built.
class GraphBuilder {
 public:
  GraphBuilder(ggml_context* context, ggml_cgraph* graph, const Device& device, bool keep_taps);

  const Device& device() const { return *device_; }

  // Values that the executor fills before a run.
  Tensor input(std::string_view name, std::vector<int64_t> shape);        // fp32
  Tensor index_input(std::string_view name, std::vector<int64_t> shape);  // int32
  Tensor row_input(std::string_view name, std::vector<int64_t> shape);    // int64, for set_rows
  Tensor mask_input(std::string_view name, std::vector<int64_t> shape);   // fp16, for kv attention
  // Marks a value that is read after a run.
  Tensor output(std::string_view name, Tensor x);
  // Marks a value for parity tests; free unless taps are kept.
  void tap(std::string_view name, Tensor x);
  // Makes sure that a node with a side effect (set_rows) runs although nothing reads it.
  void effect(Tensor x);

  // y = x W^T (+ b), and the weight's adapters. x [..., in] -> [..., out].
  Tensor linear(Tensor x, const Weight* weight, const Weight* bias = nullptr);
  // The same with rows [begin, end) of the weight, and with a computed matrix [out, in].
  Tensor linear_rows(Tensor x, const Weight* weight, int64_t begin, int64_t end);
  Tensor linear_of(Tensor x, Tensor matrix);
  // y = x * rsqrt(mean(x^2) + eps) * weight over the last dimension.
  Tensor rms_norm(Tensor x, const Weight* weight, float eps);
  // The same without weight.
  Tensor rms_normalize(Tensor x, float eps);
  // Rotates pairs (i, i + D/2) of x [B, S, heads, D] by positions [S] (int32), rotate-half form.
  Tensor rope(Tensor x, Tensor positions, const RotaryTable& table);
  // softmax(q k^T / sqrt(D) + mask) v with grouped heads, accumulated in fp32.
  // q [B, S, heads, D], k, v [B, L, kv_heads, D] -> [B, S, heads * D].
  Tensor attention(Tensor q, Tensor k, Tensor v, const AttentionOptions& options);
  // As attention on caches: q [B, S, heads, D], k, v [B, L, kv_heads, D] in the cache's type,
  // mask fp16 [B, 1, S, L].
  Tensor cached_attention(Tensor q, Tensor k, Tensor v, Tensor mask);

  Tensor add(Tensor a, Tensor b);  // b is broadcast to a
  Tensor sub(Tensor a, Tensor b);
  Tensor mul(Tensor a, Tensor b);
  Tensor scale(Tensor x, float factor, float bias = 0.0f);
  Tensor silu(Tensor x);
  Tensor gelu(Tensor x);  // exact, with erf
  Tensor sigmoid(Tensor x);
  Tensor swiglu(Tensor gate_up);  // [..., 2 I] = [gate | up] -> silu(gate) * up, [..., I]
  Tensor timestep_embedding(Tensor t, int64_t width);  // t [N], already scaled -> [N, width]

  Tensor reshape(Tensor x, std::vector<int64_t> shape);
  // Axes as in PyTorch's permute; the result is contiguous.
  Tensor permute(Tensor x, std::vector<int> axes);
  Tensor contiguous(Tensor x);
  Tensor concat(Tensor a, Tensor b, int axis);
  // x[begin:end] along an axis, without a copy.
  Tensor slice(Tensor x, int axis, int64_t begin, int64_t end);
  // [..., outer * inner] -> [..., outer, inner] of a view, without a copy.
  Tensor split_last(Tensor x, int64_t outer, int64_t inner);
  Tensor repeat(Tensor x, std::vector<int64_t> shape);
  Tensor pad(Tensor x, int axis, int64_t before, int64_t after);  // zeros
  Tensor embed(const Weight* table, Tensor ids);                  // ids [N] -> [N, width]
  Tensor set_rows(Tensor table, Tensor rows, Tensor ids);  // table[ids[i]] = rows[i]; see effect()
  Tensor copy(Tensor from, Tensor to);                     // into a persistent tensor; see effect()
  Tensor cast_bf16(Tensor x);

  // Convolutions of one sequence. Between to_convolution and from_convolution values have the
  // device's layout (see convolution.h), which only these functions know.
  Tensor to_convolution(Tensor x);    // [C, T] -> the layout
  Tensor from_convolution(Tensor x);  // the layout -> [C, T]
  Tensor conv1d(Tensor x, const Conv1dWeights& weights, const ConvFusion& fusion = {});
  Tensor conv_transpose1d(Tensor x, const Conv1dWeights& weights, const ConvFusion& fusion = {});
  int64_t frames(Tensor x) const;                             // T
  Tensor slice_frames(Tensor x, int64_t begin, int64_t end);  // along T
  Tensor concat_frames(Tensor a, Tensor b);                   // along T
  // x + sin^2(frequency x) gain, on [C, T]; convolutions take it as a fusion instead.
  Tensor snake(Tensor x, const SnakeWeights& weights);

  // Mean and variance over the last dimension (arXiv:1607.06450).
  Tensor layer_norm(Tensor x, const Weight* weight, const Weight* bias, float eps);

  ggml_context* context() const { return context_; }
  ggml_cgraph* graph() const { return graph_; }
  const std::vector<Tap>& taps() const { return taps_; }
  const std::vector<Tensor>& inputs() const { return inputs_; }

  // For other files of tensor/ that add nodes themselves (convolutions).
  static Tensor wrap(ggml_tensor* node, int rank) { return Tensor{node, rank}; }

  // Constants the builder needs filled once, with their values (window masks).
  struct Constant {
    Tensor tensor;
    std::vector<std::byte> bytes;
  };
  const std::vector<Constant>& constants() const { return constants_; }

  // What nodes point to; the graph keeps it alive.
  void keep(std::shared_ptr<const void> object) { kept_.push_back(std::move(object)); }
  const std::vector<std::shared_ptr<const void>>& kept() const { return kept_; }

 private:
  Tensor declare(std::string_view name, int type, const std::vector<int64_t>& shape);
  Tensor constant_mask(std::span<const float> values, const std::vector<int64_t>& shape);
  Tensor rounding_factors(const RotaryTable& table, int64_t head_dim);
  Tensor flash_attention(Tensor q, Tensor k, Tensor v, Tensor mask16);
  Tensor plain_attention(Tensor q, Tensor k, Tensor v, Tensor mask32);
  Tensor windowed_attention(Tensor q, Tensor k, Tensor v, int64_t window);
  bool has_own_attention(Tensor q) const;
  // The product of a matrix [out, in] with dense fp32 rows x [rows, in] -> [rows, out].
  ggml_tensor* multiply(ggml_tensor* matrix, ggml_tensor* x);
  CpuNodePool& cpu_nodes();
  bool can_flash(int64_t head_dim) const;
  Tensor summed_taps(Tensor x, const Conv1dWeights& weights, Tensor residual);
  Tensor own_convolution(Tensor x,
                         const Conv1dWeights& weights,
                         const ConvFusion& fusion,
                         bool transposed);

  ggml_context* context_;
  ggml_cgraph* graph_;
  const Device* device_;
  bool keep_taps_;
  std::vector<Tap> taps_;
  std::vector<Tensor> inputs_;
  std::vector<Constant> constants_;
  std::map<int64_t, Tensor> rounding_factors_;  // by head size
  std::vector<std::shared_ptr<const void>> kept_;
  // Made when first needed; the graph keeps them too.
  std::shared_ptr<ConvNodePool> conv_pool_;
  std::shared_ptr<CpuNodePool> cpu_nodes_;
};

}  // namespace ams
