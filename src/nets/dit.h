// Diffusion transformer of ACE-Step 1.5 on ggml: the portable implementation of Denoiser.
// Blocks of self-attention (windowed on even layers), cross-attention and SwiGLU with adaptive
// norms (arXiv:2212.09748), for velocities of a rectified flow (arXiv:2209.03003).
#pragma once

#include <memory>
#include <vector>

#include "nets/acestep_config.h"
#include "nets/blocks/attention.h"
#include "nets/denoiser.h"
#include "nets/dit_weights.h"
#include "nets/tap_observer.h"
#include "tensor/device.h"
#include "tensor/graph.h"
#include "tensor/weight_store.h"

namespace ams {

// Sinusoid of a noise level -> (embedding [1, H], modulation [6, H]).
class TimestepEmbedding {
 public:
  struct Result {
    Tensor embedding;   // [1, H]
    Tensor modulation;  // [6, H]
  };
  TimestepEmbedding(const WeightScope& w, int64_t hidden_size);
  Result build(GraphBuilder& g, Tensor scaled_t) const;  // scaled_t [1] = 1000 t
  TimestepEmbeddingWeights weights() const;

 private:
  int64_t hidden_size_;
  const Weight *linear_1_, *linear_1_bias_;
  const Weight *linear_2_, *linear_2_bias_;
  const Weight *time_proj_, *time_proj_bias_;
};

// Keys and values of one layer's cross-attention, each [B, L, kv_heads, head_dim].
struct CrossKeysValues {
  Tensor k, v;
};

class DitCrossAttention {
 public:
  DitCrossAttention(const WeightScope& w, const AttentionSizes& sizes);
  CrossKeysValues keys_values(GraphBuilder& g, Tensor condition) const;  // condition [B, L, H]
  Tensor build(GraphBuilder& g, Tensor x, const CrossKeysValues& cached) const;
  // What every query gets when all keys are the same token [1, 1, H]: its projected value, [1, 1,
  // H].
  Tensor of_one_token(GraphBuilder& g, Tensor token) const;
  void show_weights(DitLayerWeights& weights) const;  // sets those named cross_*_proj and _norm

 private:
  Tensor values(GraphBuilder& g, Tensor condition) const;

  AttentionSizes sizes_;
  const Weight *q_proj_, *k_proj_, *v_proj_, *o_proj_;
  const Weight *q_norm_, *k_norm_;
};

class DitLayer {
 public:
  DitLayer(const WeightScope& w, const AceStepConfig& config, int64_t index);
  // h [R, S, H]: conditional rows if `cached` is given, then as many unconditional ones if
  // `null_cross` is given. modulation [6, H], cached of the conditional rows, null_cross [1, 1, H].
  Tensor build(GraphBuilder& g,
               Tensor h,
               Tensor modulation,
               Tensor positions,
               const CrossKeysValues& cached,
               Tensor null_cross) const;
  const DitCrossAttention& cross_attn() const { return cross_attn_; }
  DitLayerWeights weights() const;

 private:
  Tensor cross(GraphBuilder& g, Tensor h, const CrossKeysValues& cached, Tensor null_cross) const;

  int64_t hidden_size_;
  int64_t window_;
  float eps_;
  RotaryTable rotary_;
  const Weight* self_attn_norm_;
  QkvProjection self_attn_;
  const Weight* o_proj_;
  const Weight* cross_attn_norm_;
  DitCrossAttention cross_attn_;
  const Weight* mlp_norm_;
  SwiGluMlp mlp_;
  const Weight* scale_shift_table_;
};

// Everything that depends on the conditions alone, per layer where it is a list.
struct DitConditionTensors {
  Tensor context;                      // [B, S, H]: patch embedding of the context, with the bias
  std::vector<CrossKeysValues> cross;  // of the conditional rows
  std::vector<Tensor> null_cross;      // [1, 1, H]: what unconditional rows add
};

struct DitStepInputs {
  Tensor latents;       // [B, S, 2 * latent_channels]: two frames side by side
  Tensor t, t_minus_r;  // [1]
  Tensor positions;     // [S] int32
};

class Dit : public Denoiser {
 public:
  // Declares the tensors of `decoder.*` and the null condition; load the store before bind().
  // The store and `device` must outlive the network.
  Dit(const WeightScope& root, const AceStepConfig& config, const Device& device);

  int64_t latent_channels() const override { return config_.audio_acoustic_hidden_dim; }
  int64_t encoder_hidden_size() const override { return config_.encoder_hidden_size; }
  std::unique_ptr<ConditionedDenoiser> bind(const DenoiserConditions& conditions) override;

  // context [B, S, 2 * 2 * latent_channels], states [B, L, encoder_hidden_size].
  DitConditionTensors build_conditions(GraphBuilder& g, Tensor context, Tensor states) const;
  // Velocity patches [R, S, 2 * latent_channels]; R = B, or 2 B with the unconditional rows last.
  Tensor build(GraphBuilder& g,
               const DitStepInputs& in,
               const DitConditionTensors& conditions,
               bool guided) const;

  // Whether the halves of a guided step run one after the other: half the intermediate values, at
  // some cost in time. Holds for sessions that are bound later.
  void split_guidance(bool split) { splits_guidance_ = split; }
  bool splits_guidance() const { return splits_guidance_; }
  // Shows the taps of every following run to a parity test.
  void observe(TapObserver observer) { observer_ = std::move(observer); }

  const AceStepConfig& config() const { return config_; }
  const Device& device() const { return *device_; }
  const TapObserver& observer() const { return observer_; }
  DitWeights weights() const;

 private:
  // Which rows of the batch a pass computes.
  enum class Rows { Conditional, Unconditional, Both };
  struct Time {
    Tensor embedding, modulation;
  };
  Tensor build_rows(GraphBuilder& g,
                    Tensor h,
                    const Time& time,
                    Tensor positions,
                    const DitConditionTensors& conditions,
                    Rows rows) const;

  AceStepConfig config_;
  const Device* device_;
  bool splits_guidance_ = false;
  TapObserver observer_;
  TimestepEmbedding time_embed_, time_embed_r_;
  const Weight *proj_in_context_, *proj_in_latents_, *proj_in_bias_;
  const Weight *condition_embedder_, *condition_embedder_bias_;
  std::vector<DitLayer> layers_;
  const Weight* norm_out_;
  const Weight* scale_shift_table_;
  const Weight *proj_out_, *proj_out_bias_;
  const Weight* null_condition_emb_;
};

}  // namespace ams
