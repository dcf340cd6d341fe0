#include "nets/qwen.h"

#include "base/error.h"
#include "base/str.h"
#include "nets/blocks/real_values.h"

namespace ams {
namespace {

[[noreturn]] void throw_config(const std::string& message) {
  throw Error(ErrorCode::CorruptFile, "qwen config.json: " + message);
}

int64_t read_size(const Json& json, const char* name, int64_t largest) {
  if (!json.contains(name)) throw_config(str("'", name, "' is missing"));
  const int64_t value = json.get(name, int64_t{0});
  if (value < 1 || value > largest) {
    throw_config(str("'", name, "' is ", value, ", expected 1 to ", largest));
  }
  return value;
}

QwenConfig read_config(const Json& json) {
  if (!json.is_object()) throw_config("expected an object");
  constexpr int64_t kWide = 1 << 17;
  constexpr int64_t kDeep = 1024;
  constexpr int64_t kMostLayers = 64;  // one graph holds all layers; its nodes are counted
  const std::string type = json.get("model_type", "");
  if (type != "qwen2" && type != "qwen3") {
    throw Error(ErrorCode::Unsupported,
                str("qwen config.json: 'model_type' is '", type, "', expected qwen2 or qwen3"));
  }
  QwenConfig config;
  config.projection = type == "qwen2" ? ProjectionKind::Bias : ProjectionKind::QkNorm;
  config.hidden_size = read_size(json, "hidden_size", kWide);
  config.intermediate_size = read_size(json, "intermediate_size", kWide);
  config.num_hidden_layers = read_size(json, "num_hidden_layers", kMostLayers);
  config.num_attention_heads = read_size(json, "num_attention_heads", kDeep);
  config.num_key_value_heads = read_size(json, "num_key_value_heads", kDeep);
  config.vocab_size = read_size(json, "vocab_size", 1 << 22);
  config.max_position_embeddings = read_size(json, "max_position_embeddings", 1 << 24);
  const int64_t default_head_dim = config.hidden_size / config.num_attention_heads;
  config.head_dim = json.get("head_dim", default_head_dim);
  if (config.head_dim < 2 || config.head_dim > kDeep || config.head_dim % 2 != 0) {
    throw_config(str("'head_dim' is ", config.head_dim, ", expected an even number up to ", kDeep));
  }
  if (config.num_attention_heads % config.num_key_value_heads != 0) {
    throw_config("'num_attention_heads' is not a multiple of 'num_key_value_heads'");
  }
  config.rms_norm_eps = read_norm_eps(json, "qwen config.json");
  config.rope_theta = read_rope_theta(json, "qwen config.json");
  config.tie_word_embeddings = json.get("tie_word_embeddings", false);
  return config;
}

}  // namespace

AttentionSizes QwenConfig::attention() const {
  return {hidden_size, num_attention_heads, num_key_value_heads, head_dim, rms_norm_eps};
}

QwenConfig QwenConfig::parse(const Json& json) {
  return read_file_values("qwen config.json", [&] { return read_config(json); });
}

QwenConfig QwenConfig::load(const std::filesystem::path& folder) {
  return parse(Json::parse_file(folder / "config.json"));
}

QwenLayer::QwenLayer(const WeightScope& w, const QwenConfig& config, int64_t index)
    : index_(index),
      eps_(config.rms_norm_eps),
      rotary_{config.rope_theta, config.rounds_rotary_tables},
      input_layernorm_(w.exact("input_layernorm.weight", {config.hidden_size})),
      self_attn_(w.sub("self_attn"), config.attention(), config.projection),
      o_proj_(w.matrix("self_attn.o_proj.weight",
                       config.hidden_size,
                       config.num_attention_heads * config.head_dim)),
      post_attention_layernorm_(w.exact("post_attention_layernorm.weight", {config.hidden_size})),
      mlp_(w.sub("mlp"), config.hidden_size, config.intermediate_size) {}

Tensor QwenLayer::build(GraphBuilder& g,
                        Tensor x,
                        Tensor positions,
                        const QwenAttention& attention) const {
  Heads heads = self_attn_.build(g, g.rms_norm(x, input_layernorm_, eps_));
  heads.q = g.rope(heads.q, positions, rotary_);
  heads.k = g.rope(heads.k, positions, rotary_);
  x = g.add(x, g.linear(attention(g, index_, heads), o_proj_));
  return g.add(x, mlp_.build(g, g.rms_norm(x, post_attention_layernorm_, eps_)));
}

QwenLayerWeights QwenLayer::weights() const {
  QwenLayerWeights weights;
  weights.input_layernorm = input_layernorm_;
  weights.qkv_proj = self_attn_.qkv_proj();
  weights.qkv_bias = self_attn_.qkv_bias();
  weights.q_norm = self_attn_.q_norm();
  weights.k_norm = self_attn_.k_norm();
  weights.o_proj = o_proj_;
  weights.post_attention_layernorm = post_attention_layernorm_;
  weights.gate_up_proj = mlp_.gate_up_proj();
  weights.down_proj = mlp_.down_proj();
  return weights;
}

QwenTransformer::QwenTransformer(const WeightScope& w, const QwenConfig& config, Head head)
    : config_(config),
      embed_tokens_(w.plain_matrix("embed_tokens.weight", config.vocab_size, config.hidden_size)) {
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    layers_.emplace_back(w.sub("layers", i), config, i);
  }
  norm_ = w.exact("norm.weight", {config.hidden_size});
  if (config.tie_word_embeddings) {
    lm_head_ = embed_tokens_;
    w.ignore("lm_head.weight", {config.vocab_size, config.hidden_size});
  } else {
    lm_head_ = head == Head::Logits
                   ? w.matrix("lm_head.weight", config.vocab_size, config.hidden_size)
                   : nullptr;
  }
}

QwenWeights QwenTransformer::weights() const {
  QwenWeights weights;
  weights.embed_tokens = embed_tokens_;
  for (const QwenLayer& layer : layers_) weights.layers.push_back(layer.weights());
  weights.norm = norm_;
  weights.lm_head = lm_head_;
  return weights;
}

Tensor QwenTransformer::embed(GraphBuilder& g, Tensor ids) const {
  return g.embed(embed_tokens_, ids);
}

Tensor QwenTransformer::build(GraphBuilder& g,
                              Tensor x,
                              Tensor positions,
                              const QwenAttention& attention) const {
  for (size_t i = 0; i < layers_.size(); ++i) {
    g.tap(str("hidden.", i), x);
    x = layers_[i].build(g, x, positions, attention);
  }
  return g.rms_norm(x, norm_, config_.rms_norm_eps);
}

Tensor QwenTransformer::logits(GraphBuilder& g, Tensor hidden, const HeadRows& rows) const {
  const Tensor range = g.linear_rows(hidden, lm_head_, rows.begin, rows.end);
  if (!rows.extra_ids) return range;
  return g.concat(range, g.linear_of(hidden, g.embed(lm_head_, rows.extra_ids)), -1);
}

std::shared_ptr<const WeightFile> without_qwen_prefix(std::shared_ptr<const WeightFile> file) {
  return rename_weights(std::move(file), [](std::string_view name) {
    constexpr std::string_view kPrefix = "model.";
    return std::string(name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name);
  });
}

std::shared_ptr<const WeightFile> open_qwen_weights(const std::filesystem::path& folder) {
  return without_qwen_prefix(open_weights(folder));
}

}  // namespace ams
