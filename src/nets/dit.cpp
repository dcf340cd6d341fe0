#include "nets/dit.h"

#include "base/str.h"

namespace ams {
namespace {

constexpr int64_t kPatch = 2;            // latent frames of one token
constexpr int64_t kTimestepWidth = 256;  // of the sinusoid
constexpr float kTimestepScale = 1000.0f;

AttentionSizes attention_sizes(const AceStepConfig& config) {
  return {config.hidden_size,
          config.num_attention_heads,
          config.num_key_value_heads,
          config.head_dim,
          config.rms_norm_eps};
}

// Conv1d [H, C, 2] with stride 2, restricted to channels [first, first + count), as the matrix
// [H, 2 * count] of a product with two frames side by side.
WeightTransform patch_matrix(int64_t channels, int64_t first, int64_t count) {
  return [=](std::span<const std::vector<float>> parts) {
    const std::vector<float>& conv = parts[0];
    const int64_t hidden = static_cast<int64_t>(conv.size()) / (channels * kPatch);
    std::vector<float> matrix;
    matrix.reserve(static_cast<size_t>(hidden * count * kPatch));
    for (int64_t row = 0; row < hidden; ++row) {
      for (int64_t frame = 0; frame < kPatch; ++frame) {
        for (int64_t channel = first; channel < first + count; ++channel) {
          matrix.push_back(conv[static_cast<size_t>((row * channels + channel) * kPatch + frame)]);
        }
      }
    }
    return matrix;
  };
}

// ConvTranspose1d [H, C, 2] with stride 2 as the matrix [2 * C, H].
std::vector<float> unpatch_matrix(std::span<const std::vector<float>> parts, int64_t hidden) {
  const std::vector<float>& conv = parts[0];
  const int64_t channels = static_cast<int64_t>(conv.size()) / (hidden * kPatch);
  std::vector<float> matrix;
  matrix.reserve(conv.size());
  for (int64_t frame = 0; frame < kPatch; ++frame) {
    for (int64_t channel = 0; channel < channels; ++channel) {
      for (int64_t in = 0; in < hidden; ++in) {
        matrix.push_back(conv[static_cast<size_t>((in * channels + channel) * kPatch + frame)]);
      }
    }
  }
  return matrix;
}

// The bias of the transposed convolution, once per frame of the patch.
std::vector<float> twice(std::span<const std::vector<float>> parts) {
  std::vector<float> bias = parts[0];
  bias.insert(bias.end(), parts[0].begin(), parts[0].end());
  return bias;
}

// x * (1 + scale) + shift, both [H].
Tensor modulate(GraphBuilder& g, Tensor x, Tensor one_plus_scale, Tensor shift) {
  return g.add(g.mul(x, one_plus_scale), shift);
}

}  // namespace

TimestepEmbedding::TimestepEmbedding(const WeightScope& w, int64_t hidden_size)
    : hidden_size_(hidden_size),
      linear_1_(w.plain_matrix("linear_1.weight", hidden_size, kTimestepWidth)),
      linear_1_bias_(w.exact("linear_1.bias", {hidden_size})),
      linear_2_(w.plain_matrix("linear_2.weight", hidden_size, hidden_size)),
      linear_2_bias_(w.exact("linear_2.bias", {hidden_size})),
      time_proj_(w.plain_matrix("time_proj.weight", 6 * hidden_size, hidden_size)),
      time_proj_bias_(w.exact("time_proj.bias", {6 * hidden_size})) {}

TimestepEmbedding::Result TimestepEmbedding::build(GraphBuilder& g, Tensor scaled_t) const {
  const Tensor sinusoid = g.timestep_embedding(scaled_t, kTimestepWidth);  // [1, 256]
  const Tensor h = g.silu(g.linear(sinusoid, linear_1_, linear_1_bias_));
  const Tensor embedding = g.linear(h, linear_2_, linear_2_bias_);  // [1, H]
  const Tensor modulation = g.linear(g.silu(embedding), time_proj_, time_proj_bias_);
  return {embedding, g.reshape(modulation, {6, hidden_size_})};
}

TimestepEmbeddingWeights TimestepEmbedding::weights() const {
  return {linear_1_, linear_1_bias_, linear_2_, linear_2_bias_, time_proj_, time_proj_bias_};
}

DitCrossAttention::DitCrossAttention(const WeightScope& w, const AttentionSizes& sizes)
    : sizes_(sizes),
      q_proj_(w.matrix("q_proj.weight", sizes.num_heads * sizes.head_dim, sizes.hidden_size)),
      k_proj_(w.matrix("k_proj.weight", sizes.num_kv_heads * sizes.head_dim, sizes.hidden_size)),
      v_proj_(w.matrix("v_proj.weight", sizes.num_kv_heads * sizes.head_dim, sizes.hidden_size)),
      o_proj_(w.matrix("o_proj.weight", sizes.hidden_size, sizes.num_heads * sizes.head_dim)),
      q_norm_(w.exact("q_norm.weight", {sizes.head_dim})),
      k_norm_(w.exact("k_norm.weight", {sizes.head_dim})) {}

Tensor DitCrossAttention::values(GraphBuilder& g, Tensor condition) const {
  return g.reshape(g.linear(condition, v_proj_),
                   {condition.dim(0), condition.dim(1), sizes_.num_kv_heads, sizes_.head_dim});
}

CrossKeysValues DitCrossAttention::keys_values(GraphBuilder& g, Tensor condition) const {
  const Tensor k =
      g.reshape(g.linear(condition, k_proj_),
                {condition.dim(0), condition.dim(1), sizes_.num_kv_heads, sizes_.head_dim});
  return {g.rms_norm(k, k_norm_, sizes_.rms_norm_eps), values(g, condition)};
}

Tensor DitCrossAttention::build(GraphBuilder& g, Tensor x, const CrossKeysValues& cached) const {
  Tensor q =
      g.reshape(g.linear(x, q_proj_), {x.dim(0), x.dim(1), sizes_.num_heads, sizes_.head_dim});
  q = g.rms_norm(q, q_norm_, sizes_.rms_norm_eps);
  return g.linear(g.attention(q, cached.k, cached.v, {}), o_proj_);
}

Tensor DitCrossAttention::of_one_token(GraphBuilder& g, Tensor token) const {
  // Equal keys get equal weights, so the mix is the value itself, once per query head of its group.
  const int64_t group = sizes_.num_heads / sizes_.num_kv_heads;
  Tensor v = g.reshape(g.linear(token, v_proj_), {sizes_.num_kv_heads, 1, sizes_.head_dim});
  v = g.repeat(v, {sizes_.num_kv_heads, group, sizes_.head_dim});
  return g.linear(g.reshape(v, {1, 1, sizes_.num_heads * sizes_.head_dim}), o_proj_);
}

void DitCrossAttention::show_weights(DitLayerWeights& weights) const {
  weights.cross_q_proj = q_proj_;
  weights.cross_k_proj = k_proj_;
  weights.cross_v_proj = v_proj_;
  weights.cross_o_proj = o_proj_;
  weights.cross_q_norm = q_norm_;
  weights.cross_k_norm = k_norm_;
}

DitLayer::DitLayer(const WeightScope& w, const AceStepConfig& config, int64_t index)
    : hidden_size_(config.hidden_size),
      window_(config.window(index)),
      eps_(config.rms_norm_eps),
      rotary_(config.rotary()),
      self_attn_norm_(w.exact("self_attn_norm.weight", {config.hidden_size})),
      self_attn_(w.sub("self_attn"), attention_sizes(config), ProjectionKind::QkNorm),
      o_proj_(w.matrix("self_attn.o_proj.weight",
                       config.hidden_size,
                       config.num_attention_heads * config.head_dim)),
      cross_attn_norm_(w.exact("cross_attn_norm.weight", {config.hidden_size})),
      cross_attn_(w.sub("cross_attn"), attention_sizes(config)),
      mlp_norm_(w.exact("mlp_norm.weight", {config.hidden_size})),
      mlp_(w.sub("mlp"), config.hidden_size, config.intermediate_size),
      scale_shift_table_(w.exact("scale_shift_table", {1, 6, config.hidden_size})) {}

Tensor DitLayer::cross(GraphBuilder& g,
                       Tensor h,
                       const CrossKeysValues& cached,
                       Tensor null_cross) const {
  if (!cached.k) return g.add(h, null_cross);
  const int64_t rows = cached.k.dim(0);
  const Tensor conditional = null_cross ? g.slice(h, 0, 0, rows) : h;
  const Tensor mixed =
      cross_attn_.build(g, g.rms_norm(conditional, cross_attn_norm_, eps_), cached);
  if (!null_cross) return g.add(h, mixed);
  const Tensor unconditional = g.add(g.slice(h, 0, rows, h.dim(0)), null_cross);
  return g.concat(g.add(conditional, mixed), unconditional, 0);
}

Tensor DitLayer::build(GraphBuilder& g,
                       Tensor h,
                       Tensor modulation,
                       Tensor positions,
                       const CrossKeysValues& cached,
                       Tensor null_cross) const {
  const Tensor table = g.add(g.reshape(scale_shift_table_->tensor, {6, hidden_size_}), modulation);
  const auto row = [&](int64_t i) {
    return g.reshape(g.slice(table, 0, i, i + 1), {hidden_size_});
  };
  // The norm's weight and 1 + scale make one factor, so the wide tensor is passed over once less.
  const auto factor = [&](const Weight* norm, int64_t i) {
    return g.mul(g.scale(row(i), 1.0f, 1.0f), norm->tensor);
  };
  Tensor a = modulate(g, g.rms_normalize(h, eps_), factor(self_attn_norm_, 1), row(0));
  Heads heads = self_attn_.build(g, a);
  heads.q = g.rope(heads.q, positions, rotary_);
  heads.k = g.rope(heads.k, positions, rotary_);
  AttentionOptions options;
  options.window = window_;
  const Tensor mixed = g.linear(g.attention(heads.q, heads.k, heads.v, options), o_proj_);
  h = g.add(h, g.mul(mixed, row(2)));
  h = cross(g, h, cached, null_cross);
  a = modulate(g, g.rms_normalize(h, eps_), factor(mlp_norm_, 4), row(3));
  return g.add(h, g.mul(mlp_.build(g, a), row(5)));
}

DitLayerWeights DitLayer::weights() const {
  DitLayerWeights weights;
  weights.self_attn_norm = self_attn_norm_;
  weights.qkv_proj = self_attn_.qkv_proj();
  weights.q_norm = self_attn_.q_norm();
  weights.k_norm = self_attn_.k_norm();
  weights.o_proj = o_proj_;
  weights.cross_attn_norm = cross_attn_norm_;
  cross_attn_.show_weights(weights);
  weights.mlp_norm = mlp_norm_;
  weights.gate_up_proj = mlp_.gate_up_proj();
  weights.down_proj = mlp_.down_proj();
  weights.scale_shift_table = scale_shift_table_;
  return weights;
}

Dit::Dit(const WeightScope& root, const AceStepConfig& config, const Device& device)
    : config_(config),
      device_(&device),
      time_embed_(root.sub("decoder.time_embed"), config.hidden_size),
      time_embed_r_(root.sub("decoder.time_embed_r"), config.hidden_size) {
  const WeightScope w = root.sub("decoder");
  const int64_t hidden = config.hidden_size;
  const int64_t latents = config.audio_acoustic_hidden_dim;
  const WeightPart conv_in{"proj_in.1.weight", {hidden, config.in_channels, kPatch}};
  // The context's share of the patch embedding does not change during sampling.
  proj_in_context_ = w.derived({conv_in},
                               {hidden, kPatch * 2 * latents},
                               WeightRole::Exact,
                               patch_matrix(config.in_channels, 0, 2 * latents));
  proj_in_latents_ = w.derived({conv_in},
                               {hidden, kPatch * latents},
                               WeightRole::Exact,
                               patch_matrix(config.in_channels, 2 * latents, latents));
  proj_in_bias_ = w.exact("proj_in.1.bias", {hidden});
  condition_embedder_ =
      w.plain_matrix("condition_embedder.weight", hidden, config.encoder_hidden_size);
  condition_embedder_bias_ = w.exact("condition_embedder.bias", {hidden});
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    layers_.emplace_back(w.sub("layers", i), config, i);
  }
  norm_out_ = w.exact("norm_out.weight", {hidden});
  scale_shift_table_ = w.exact("scale_shift_table", {1, 2, hidden});
  proj_out_ = w.derived({{"proj_out.1.weight", {hidden, latents, kPatch}}},
                        {kPatch * latents, hidden},
                        WeightRole::Exact,
                        [hidden](auto parts) { return unpatch_matrix(parts, hidden); });
  proj_out_bias_ =
      w.derived({{"proj_out.1.bias", {latents}}}, {kPatch * latents}, WeightRole::Exact, twice);
  null_condition_emb_ = root.exact("null_condition_emb", {1, 1, config.encoder_hidden_size});
}

DitWeights Dit::weights() const {
  DitWeights weights;
  weights.time_embed = time_embed_.weights();
  weights.time_embed_r = time_embed_r_.weights();
  weights.proj_in_context = proj_in_context_;
  weights.proj_in_latents = proj_in_latents_;
  weights.proj_in_bias = proj_in_bias_;
  weights.condition_embedder = condition_embedder_;
  weights.condition_embedder_bias = condition_embedder_bias_;
  for (const DitLayer& layer : layers_) weights.layers.push_back(layer.weights());
  weights.norm_out = norm_out_;
  weights.scale_shift_table = scale_shift_table_;
  weights.proj_out = proj_out_;
  weights.proj_out_bias = proj_out_bias_;
  weights.null_condition_emb = null_condition_emb_;
  return weights;
}

DitConditionTensors Dit::build_conditions(GraphBuilder& g, Tensor context, Tensor states) const {
  DitConditionTensors result;
  result.context = g.linear(context, proj_in_context_, proj_in_bias_);
  const Tensor condition = g.linear(states, condition_embedder_, condition_embedder_bias_);
  g.tap("condition", condition);
  const Tensor null_token =
      g.linear(null_condition_emb_->tensor, condition_embedder_, condition_embedder_bias_);
  for (const DitLayer& layer : layers_) {
    result.cross.push_back(layer.cross_attn().keys_values(g, condition));
    result.null_cross.push_back(layer.cross_attn().of_one_token(g, null_token));
  }
  return result;
}

Tensor Dit::build(GraphBuilder& g,
                  const DitStepInputs& in,
                  const DitConditionTensors& conditions,
                  bool guided) const {
  const TimestepEmbedding::Result time = time_embed_.build(g, g.scale(in.t, kTimestepScale));
  const TimestepEmbedding::Result time_r =
      time_embed_r_.build(g, g.scale(in.t_minus_r, kTimestepScale));
  const Tensor embedding = g.add(time.embedding, time_r.embedding);
  const Tensor modulation = g.add(time.modulation, time_r.modulation);
  g.tap("temb", embedding);
  g.tap("timestep_proj", modulation);

  const Tensor h = g.add(g.linear(in.latents, proj_in_latents_), conditions.context);  // [B, S, H]
  const auto pass = [&](Tensor x, Rows rows) {
    return build_rows(g, x, {embedding, modulation}, in.positions, conditions, rows);
  };
  if (!guided) return pass(h, Rows::Conditional);
  if (!splits_guidance_) return pass(g.concat(h, h, 0), Rows::Both);  // [2 B, S, H]
  return g.concat(pass(h, Rows::Conditional), pass(h, Rows::Unconditional), 0);
}

Tensor Dit::build_rows(GraphBuilder& g,
                       Tensor h,
                       const Time& time,
                       Tensor positions,
                       const DitConditionTensors& conditions,
                       Rows rows) const {
  g.tap("proj_in", h);
  for (size_t i = 0; i < layers_.size(); ++i) {
    const CrossKeysValues cross =
        rows == Rows::Unconditional ? CrossKeysValues{} : conditions.cross[i];
    const Tensor null_cross = rows == Rows::Conditional ? Tensor{} : conditions.null_cross[i];
    h = layers_[i].build(g, h, time.modulation, positions, cross, null_cross);
    g.tap(str("layer_", i), h);
  }
  h = g.rms_norm(h, norm_out_, config_.rms_norm_eps);
  g.tap("norm_out", h);
  const Tensor table =
      g.add(g.reshape(scale_shift_table_->tensor, {2, config_.hidden_size}), time.embedding);
  const Tensor shift = g.slice(table, 0, 0, 1);
  const Tensor scale = g.slice(table, 0, 1, 2);
  h = modulate(g, h, g.scale(scale, 1.0f, 1.0f), shift);
  return g.linear(h, proj_out_, proj_out_bias_);  // [R, S, 2 C]: two frames side by side
}

}  // namespace ams
