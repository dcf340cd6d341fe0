// Decoder-only transformer of the Qwen2.5 and Qwen3 families (arXiv:2412.15115, arXiv:2505.09388).
// One network for three roles: planner, lyrics writer and text encoder. The families differ by
// configuration: Qwen2.5 has biases on q, k, v; Qwen3 has norms on q and k.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "base/json.h"
#include "nets/blocks/attention.h"
#include "nets/qwen_weights.h"

namespace ams {

// Field names are the keys of config.json.
struct QwenConfig {
  int64_t hidden_size = 0;
  int64_t intermediate_size = 0;
  int64_t num_hidden_layers = 0;
  int64_t num_attention_heads = 0;
  int64_t num_key_value_heads = 0;
  int64_t head_dim = 0;
  int64_t vocab_size = 0;
  int64_t max_position_embeddings = 32768;
  float rms_norm_eps = 1e-6f;
  float rope_theta = 1e6f;
  bool tie_word_embeddings = true;
  bool rounds_rotary_tables = false;  // not of the file, see RotaryTable
  ProjectionKind projection = ProjectionKind::QkNorm;

  AttentionSizes attention() const;

  // Throws CorruptFile on missing or contradicting values, Unsupported for other model families.
  static QwenConfig parse(const Json& json);
  static QwenConfig load(const std::filesystem::path& folder);
};

// How a layer mixes its heads (rotated, [B, S, heads, D]) -> [B, S, heads * D].
using QwenAttention = std::function<Tensor(GraphBuilder& g, int64_t layer, const Heads& heads)>;

class QwenLayer {
 public:
  QwenLayer(const WeightScope& w, const QwenConfig& config, int64_t index);
  // x [B, S, hidden], positions [S].
  Tensor build(GraphBuilder& g, Tensor x, Tensor positions, const QwenAttention& attention) const;
  QwenLayerWeights weights() const;

 private:
  int64_t index_;
  float eps_;
  RotaryTable rotary_;
  const Weight* input_layernorm_;
  QkvProjection self_attn_;
  const Weight* o_proj_;
  const Weight* post_attention_layernorm_;
  SwiGluMlp mlp_;
};

// A contiguous range of rows of the output head and a list of single ones; see nets/causal_lm.h.
struct HeadRows {
  int64_t begin = 0;
  int64_t end = 0;
  Tensor extra_ids;  // int32 [n], may be empty
};

class QwenTransformer {
 public:
  // Which output a checkpoint is used for: an encoder has no head.
  enum class Head { None, Logits };

  // Names without the "model." prefix; see open_qwen_weights().
  QwenTransformer(const WeightScope& w, const QwenConfig& config, Head head);

  Tensor embed(GraphBuilder& g, Tensor ids) const;  // [N] -> [N, hidden]
  // Embeddings -> hidden states after the final norm, [B, S, hidden]. Taps "hidden.i": layer
  // inputs.
  Tensor build(GraphBuilder& g, Tensor x, Tensor positions, const QwenAttention& attention) const;
  Tensor logits(GraphBuilder& g,
                Tensor hidden,
                const HeadRows& rows) const;  // [N, hidden] -> [N, rows]

  const QwenConfig& config() const { return config_; }
  QwenWeights weights() const;

 private:
  QwenConfig config_;
  const Weight* embed_tokens_;
  std::vector<QwenLayer> layers_;
  const Weight* norm_;
  const Weight* lm_head_;  // the embedding table if tied, null without head
};

// Weights with the optional "model." prefix of their names removed.
std::shared_ptr<const WeightFile> without_qwen_prefix(std::shared_ptr<const WeightFile> file);
// Those of a folder.
std::shared_ptr<const WeightFile> open_qwen_weights(const std::filesystem::path& folder);

}  // namespace ams
