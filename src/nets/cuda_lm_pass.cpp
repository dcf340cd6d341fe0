#include "nets/cuda_lm_pass.h"

#include <algorithm>

#include "cuda/kernels/bias.h"
#include "cuda/kernels/residual_norm.h"
#include "cuda/kernels/swiglu.h"
#include "cuda/lm/lm_attention.h"
#include "cuda/lm/lm_embed.h"
#include "cuda/lm/lm_heads.h"
#include "cuda/lm/lm_product.h"

namespace ams {
namespace {

cuda::Bf16* as_bf16(void* values) { return static_cast<cuda::Bf16*>(values); }

}  // namespace

void CudaLmPass::layers(int64_t rows, int64_t most_positions) {
  cuda::lm_embed(queue_, weights_.embedding, memory_.rows, static_cast<int>(rows), memory_.stream);
  for (size_t i = 0; i < weights_.layers.size(); ++i) {
    if (rows <= cuda::kMostProductRows) {
      narrow_layer(i, rows, most_positions);
    } else {
      wide_layer(i, rows, most_positions);
    }
  }
}

// Few rows: fp32 activations, each weight read once by our own products.
void CudaLmPass::narrow_layer(size_t index, int64_t rows, int64_t most_positions) {
  const CudaLmLayer& layer = weights_.layers[index];
  cuda::LmProduct work;
  work.rows = static_cast<int>(rows);
  work.eps = sizes_.config.rms_norm_eps;

  work.w = layer.qkv;
  work.x = memory_.stream;
  work.norm = layer.input_norm;
  work.bias = layer.qkv_bias;
  work.y = memory_.qkv;
  cuda::lm_product(queue_, work);
  attend(index, rows, most_positions, cuda::ValueType::F32);

  work.w = layer.o;
  work.x = static_cast<const float*>(memory_.mixed);
  work.norm = nullptr;
  work.bias = nullptr;
  work.y = memory_.stream;
  work.residual = memory_.stream;
  cuda::lm_product(queue_, work);

  work.w = layer.gate_up;
  work.x = memory_.stream;
  work.norm = layer.post_norm;
  work.y = memory_.gated;
  work.residual = nullptr;
  work.gates = true;
  cuda::lm_product(queue_, work);

  work.w = layer.down;
  work.x = memory_.gated;
  work.norm = nullptr;
  work.y = memory_.stream;
  work.residual = memory_.stream;
  work.gates = false;
  cuda::lm_product(queue_, work);
}

// Many rows: bf16 activations, products on tensor cores.
void CudaLmPass::wide_layer(size_t index, int64_t rows, int64_t most_positions) {
  using cuda::ValueType;
  const CudaLmLayer& layer = weights_.layers[index];
  normalise(layer.input_norm, rows);
  multiply(memory_.normed, layer.qkv, memory_.qkv, rows, ValueType::F32, nullptr);
  if (layer.qkv_bias) {
    cuda::AddBias work;
    work.x = memory_.qkv;
    work.bias = layer.qkv_bias;
    work.out = memory_.qkv;
    work.rows = rows;
    work.width = sizes_.qkv_width();
    cuda::add_bias(queue_, work);
  }
  attend(index, rows, most_positions, ValueType::Bf16);
  multiply(memory_.mixed, layer.o, memory_.stream, rows, ValueType::F32, memory_.stream);
  normalise(layer.post_norm, rows);
  multiply(memory_.normed, layer.gate_up, memory_.gate_up, rows, ValueType::Bf16, nullptr);
  cuda::swiglu(queue_,
               as_bf16(memory_.gate_up),
               as_bf16(memory_.wide_gated),
               rows,
               sizes_.config.intermediate_size);
  multiply(memory_.wide_gated, layer.down, memory_.stream, rows, ValueType::F32, memory_.stream);
}

// From qkv to mixed.
void CudaLmPass::attend(size_t index,
                        int64_t rows,
                        int64_t most_positions,
                        cuda::ValueType out_type) {
  const CudaLmLayer& layer = weights_.layers[index];
  const QwenConfig& config = sizes_.config;
  const auto where = [&](int64_t first) {
    const int32_t* const all = memory_.rows;
    return cuda::LmRows{
        all + first, all + sizes_.most_rows + first, all + 2 * sizes_.most_rows + first};
  };
  cuda::LmHeads heads;
  heads.qkv = memory_.qkv;
  heads.where = where(0);
  heads.cache = memory_.cache(sizes_, index);
  heads.rows = static_cast<int>(rows);
  heads.heads = static_cast<int>(config.num_attention_heads);
  heads.kv_heads = static_cast<int>(config.num_key_value_heads);
  heads.head_dim = static_cast<int>(config.head_dim);
  heads.q_norm = layer.q_norm;
  heads.k_norm = layer.k_norm;
  heads.rotary = memory_.rotary;
  heads.eps = config.rms_norm_eps;
  cuda::lm_heads(queue_, heads);

  cuda::LmAttention work;
  work.q_stride = sizes_.qkv_width();
  work.cache = heads.cache;
  work.heads = heads.heads;
  work.kv_heads = heads.kv_heads;
  work.head_dim = heads.head_dim;
  work.most_positions = most_positions;
  work.partial = memory_.partial;
  work.out_type = out_type;
  for (int64_t first = 0; first < rows; first += sizes_.attention_rows) {
    work.rows = static_cast<int>(std::min(sizes_.attention_rows, rows - first));
    work.q = memory_.qkv + first * work.q_stride;
    work.where = where(first);
    const int64_t at = first * sizes_.q_width();
    work.out = out_type == cuda::ValueType::F32
                   ? static_cast<void*>(static_cast<float*>(memory_.mixed) + at)
                   : as_bf16(memory_.mixed) + at;
    cuda::lm_attention(queue_, work);
  }
}

void CudaLmPass::normalise(const float* weight, int64_t rows) {
  cuda::ResidualNorm work;
  work.stream = memory_.stream;
  work.factor = weight;
  work.out = memory_.normed;
  work.rows = rows;
  work.width = static_cast<int>(sizes_.config.hidden_size);
  work.eps = sizes_.config.rms_norm_eps;
  cuda::residual_norm(queue_, work);
}

void CudaLmPass::multiply(const void* x,
                          const cuda::WeightMatrix& w,
                          void* y,
                          int64_t rows,
                          cuda::ValueType result,
                          const void* addend) {
  cuda::Product work;
  work.x = x;
  work.w = w.data;
  work.y = y;
  work.rows = rows;
  work.inputs = w.inputs;
  work.outputs = w.outputs;
  work.result = result;
  work.addend = addend;
  queue_.multiply(work);
}

void CudaLmPass::logits(int64_t first_row, int64_t count, const CudaLmHead& head) {
  cuda::LmProduct work;
  work.w = weights_.head;
  work.x = memory_.stream + first_row * sizes_.config.hidden_size;
  work.y = memory_.logits;
  work.rows = static_cast<int>(count);
  work.norm = weights_.norm;
  work.eps = sizes_.config.rms_norm_eps;
  work.first_row = head.first;
  work.range = head.range;
  work.extra = memory_.extra_rows;
  work.extra_count = head.extra_count;
  cuda::lm_product(queue_, work);
}

}  // namespace ams
