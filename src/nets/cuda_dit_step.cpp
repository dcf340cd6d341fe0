// One step of the diffusion transformer on a card: what dit.cpp says, kernel by kernel.
//
// Shapes: B items, S tokens, R = B S rows of a half (2 R when both halves of a guided step run
// together, conditional rows first), H hidden, C latent channels, I inner width.
#include "cuda/kernels/bias.h"
#include "cuda/kernels/flash_attention.h"
#include "cuda/kernels/head_norm.h"
#include "cuda/kernels/matrix_vector.h"
#include "cuda/kernels/modulation.h"
#include "cuda/kernels/residual_norm.h"
#include "cuda/kernels/swiglu.h"
#include "nets/cuda_dit_pointers.h"
#include "nets/cuda_dit_session.h"

namespace ams {

void CudaDitSession::multiply(
    const cuda::Bf16* x, const Weight* w, void* y, int64_t rows, cuda::ValueType result) {
  cuda::Product product;
  product.x = x;
  product.w = halves(w);
  product.y = y;
  product.rows = rows;
  product.inputs = w->shape[1];
  product.outputs = w->shape[0];
  product.result = result;
  queue_->multiply(product);
}

// The products at the network's borders stay fp32, as their weights are.
void CudaDitSession::multiply_exact(
    const float* x, const Weight* w, float* y, int64_t rows, const float* addend) {
  cuda::Product product;
  product.x = x;
  product.w = floats(w);
  product.y = y;
  product.rows = rows;
  product.inputs = w->shape[1];
  product.outputs = w->shape[0];
  product.operands = product.result = cuda::ValueType::F32;
  product.addend = addend;
  queue_->multiply(product);
}

// sinusoid [256] -> embedding [H], projection [6, H].
void CudaDitSession::embed_time(const TimestepEmbeddingWeights& weights, const TimeValues& values) {
  const auto apply = [&](const Weight* w, const Weight* bias, const float* x, float* y, float* a) {
    cuda::matrix_vector(
        *queue_,
        {halves(w), x, floats(bias), y, a, /*outputs=*/w->shape[0], /*inputs=*/w->shape[1]});
  };
  apply(weights.linear_1, weights.linear_1_bias, values.sinusoid, nullptr, values.hidden);
  apply(weights.linear_2, weights.linear_2_bias, values.hidden, values.embedding, values.activated);
  apply(weights.time_proj, weights.time_proj_bias, values.activated, values.projection, nullptr);
}

void CudaDitSession::modulate() {
  cuda::Modulation work;
  work.layers = conditions_->layer_modulation;
  work.layer_count = static_cast<int>(sizes_.layers());
  work.output_table = floats(weights_.scale_shift_table);
  work.output_norm = floats(weights_.norm_out);
  work.projection_t = conditions_->t.projection;
  work.projection_r = conditions_->r.projection;
  work.embedding_t = conditions_->t.embedding;
  work.embedding_r = conditions_->r.embedding;
  work.result = conditions_->modulated;
  work.width = static_cast<int>(sizes_.hidden());
  cuda::modulation(*queue_, work);
}

// [H]; the rows behind the last layer's belong to the output.
const float* CudaDitSession::modulated(size_t layer, int row) const {
  const int64_t at = static_cast<int64_t>(layer) * cuda::kModulationRows + row;
  return conditions_->modulated + at * sizes_.hidden();
}

void CudaDitSession::run_step(Guidance guidance) {
  embed_time(weights_.time_embed, conditions_->t);
  modulate();
  const int64_t rows = sizes_.rows();
  float* const second = step_->velocity + rows * 2 * sizes_.channels();
  if (guidance == Guidance::Off) return pass({rows, 0}, step_->velocity);
  if (!splits_guidance_) return pass({rows, rows}, step_->velocity);
  pass({rows, 0}, step_->velocity);
  pass({0, rows}, second);
}

void CudaDitSession::pass(Rows rows, float* velocity) {
  start_stream(rows);
  const int64_t hidden = sizes_.hidden();
  for (size_t i = 0; i < weights_.layers.size(); ++i) {
    // The gated sum of the layer before meets this layer's first norm.
    cuda::ResidualNorm norm;
    norm.eps = sizes_.config.rms_norm_eps;
    norm.width = static_cast<int>(hidden);
    norm.stream = step_->stream;
    norm.out = step_->normed;
    norm.rows = rows.all();
    norm.product = i > 0 ? step_->product : nullptr;
    norm.gate = i > 0 ? modulated(i - 1, cuda::kMlpGate) : nullptr;
    norm.factor = modulated(i, cuda::kSelfFactor);
    norm.shift = modulated(i, cuda::kSelfShift);
    cuda::residual_norm(*queue_, norm);
    self_attention(i, rows.all());

    norm.product = step_->product;
    norm.gate = modulated(i, cuda::kSelfGate);
    if (rows.unconditional > 0) {
      // No cross-attention here: its constant, then at once the norm of the feed-forward layer.
      cuda::ResidualNorm null = norm;
      const int64_t offset = rows.conditional * hidden;
      null.stream += offset;
      null.product += offset;
      null.out = step_->normed + offset;
      null.rows = rows.unconditional;
      null.addend = conditions_->null_cross[i];
      null.factor = modulated(i, cuda::kMlpFactor);
      null.shift = modulated(i, cuda::kMlpShift);
      cuda::residual_norm(*queue_, null);
    }
    if (rows.conditional > 0) {
      norm.rows = rows.conditional;
      norm.factor = floats(weights_.layers[i].cross_attn_norm);
      norm.shift = nullptr;
      cuda::residual_norm(*queue_, norm);
      cross_attention(i, rows.conditional);
      norm.gate = nullptr;
      norm.factor = modulated(i, cuda::kMlpFactor);
      norm.shift = modulated(i, cuda::kMlpShift);
      cuda::residual_norm(*queue_, norm);
    }
    feed_forward(i, rows.all());
  }
  finish(rows, velocity);
}

// latents [R, 2 C] -> stream [R, H], twice for both halves.
void CudaDitSession::start_stream(Rows rows) {
  multiply_exact(conditions_->latents,
                 weights_.proj_in_latents,
                 step_->stream,
                 sizes_.rows(),
                 conditions_->context);
  if (rows.conditional == 0 || rows.unconditional == 0) return;
  const int64_t count = sizes_.rows() * sizes_.hidden();
  queue_->copy(step_->stream + count, step_->stream, static_cast<size_t>(count) * sizeof(float));
}

// normed [rows, H] -> product [rows, H].
void CudaDitSession::self_attention(size_t layer, int64_t rows) {
  const AceStepConfig& config = sizes_.config;
  const DitLayerWeights& weights = weights_.layers[layer];
  multiply(step_->normed, weights.qkv_proj, step_->qkv, rows, cuda::ValueType::Bf16);
  cuda::HeadNorm norm;
  norm.heads = step_->qkv;
  norm.rows = rows;
  norm.row_stride = static_cast<int>(sizes_.qkv_width());
  norm.head_dim = static_cast<int>(config.head_dim);
  norm.q_heads = static_cast<int>(config.num_attention_heads);
  norm.k_heads = static_cast<int>(config.num_key_value_heads);
  norm.q_weight = floats(weights.q_norm);
  norm.k_weight = floats(weights.k_norm);
  norm.rotary = conditions_->rotary;
  norm.positions = sizes_.tokens;
  norm.eps = config.rms_norm_eps;
  cuda::head_norm(*queue_, norm);

  cuda::FlashAttention attention;
  attention.q = step_->qkv;
  attention.k = step_->qkv + sizes_.q_width();
  attention.v = attention.k + sizes_.kv_width();
  attention.out = step_->mixed;
  attention.q_stride = attention.kv_stride = sizes_.qkv_width();
  attention.out_stride = sizes_.q_width();
  attention.batch = static_cast<int>(rows / sizes_.tokens);
  attention.queries = attention.keys = static_cast<int>(sizes_.tokens);
  attention.heads = norm.q_heads;
  attention.kv_heads = norm.k_heads;
  attention.head_dim = norm.head_dim;
  attention.window = static_cast<int>(config.window(static_cast<int64_t>(layer)));
  cuda::flash_attention(*queue_, attention);
  multiply(step_->mixed, weights.o_proj, step_->product, rows, cuda::ValueType::Bf16);
}

// normed [R, H] -> product [R, H], conditional rows only.
void CudaDitSession::cross_attention(size_t layer, int64_t rows) {
  const AceStepConfig& config = sizes_.config;
  const DitLayerWeights& weights = weights_.layers[layer];
  multiply(step_->normed, weights.cross_q_proj, step_->qkv, rows, cuda::ValueType::Bf16);
  cuda::HeadNorm norm;
  norm.heads = step_->qkv;
  norm.rows = rows;
  norm.row_stride = static_cast<int>(sizes_.q_width());
  norm.head_dim = static_cast<int>(config.head_dim);
  norm.q_heads = static_cast<int>(config.num_attention_heads);
  norm.q_weight = floats(weights.cross_q_norm);
  norm.eps = config.rms_norm_eps;
  cuda::head_norm(*queue_, norm);

  cuda::FlashAttention attention;
  attention.q = step_->qkv;
  attention.k = conditions_->keys[layer];
  attention.v = conditions_->values[layer];
  attention.out = step_->mixed;
  attention.q_stride = attention.out_stride = sizes_.q_width();
  attention.kv_stride = sizes_.kv_width();
  attention.batch = static_cast<int>(sizes_.batch);
  attention.queries = static_cast<int>(sizes_.tokens);
  attention.keys = static_cast<int>(sizes_.encoder_tokens);
  attention.heads = norm.q_heads;
  attention.kv_heads = static_cast<int>(config.num_key_value_heads);
  attention.head_dim = norm.head_dim;
  cuda::flash_attention(*queue_, attention);
  multiply(step_->mixed, weights.cross_o_proj, step_->product, rows, cuda::ValueType::Bf16);
}

// normed [rows, H] -> product [rows, H].
void CudaDitSession::feed_forward(size_t layer, int64_t rows) {
  const DitLayerWeights& weights = weights_.layers[layer];
  multiply(step_->normed, weights.gate_up_proj, step_->gate_up, rows, cuda::ValueType::Bf16);
  cuda::swiglu(*queue_, step_->gate_up, step_->gated, rows, sizes_.config.intermediate_size);
  multiply(step_->gated, weights.down_proj, step_->product, rows, cuda::ValueType::Bf16);
}

// The last layer's sum, norm and projection -> velocity [rows, 2 C].
void CudaDitSession::finish(Rows rows, float* velocity) {
  cuda::ResidualNorm norm;
  norm.stream = step_->stream;
  norm.product = step_->product;
  norm.gate = modulated(weights_.layers.size() - 1, cuda::kMlpGate);
  norm.factor = modulated(weights_.layers.size(), cuda::kOutputFactor);
  norm.shift = modulated(weights_.layers.size(), cuda::kOutputShift);
  norm.out = step_->output;
  norm.out_type = cuda::ValueType::F32;
  norm.rows = rows.all();
  norm.width = static_cast<int>(sizes_.hidden());
  norm.eps = sizes_.config.rms_norm_eps;
  cuda::residual_norm(*queue_, norm);
  multiply_exact(step_->output, weights_.proj_out, velocity, rows.all());
  cuda::add_bias(*queue_,
                 {velocity,
                  floats(weights_.proj_out_bias),
                  velocity,
                  cuda::ValueType::F32,
                  rows.all(),
                  2 * sizes_.channels()});
}

}  // namespace ams
