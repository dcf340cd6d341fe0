#include "studio/weights/checkpoint_config.h"

#include <span>
#include <utility>

namespace ams {
namespace {

Json json_list(std::span<const int64_t> values) {
  Json list = Json::array();
  for (const int64_t value : values) list.push_back(value);
  return list;
}

Json architecture(const char* name) {
  Json list = Json::array();
  list.push_back(name);
  return list;
}

const char* version_of(ModelKind kind) {
  switch (kind) {
    case ModelKind::Sft:
      return "sft";
    case ModelKind::Base:
      return "base";
    case ModelKind::Turbo:
      return "turbo";
  }
  return "sft";
}

}  // namespace

Json config_json(const AceStepConfig& config) {
  Json json = Json::object();
  json.set("architectures", architecture("AceStepConditionGenerationModel"));
  json.set("model_type", "acestep");
  json.set("model_version", version_of(config.kind));
  json.set("is_turbo", config.kind == ModelKind::Turbo);
  const std::pair<const char*, int64_t> sizes[] = {
      {"hidden_size", config.hidden_size},
      {"intermediate_size", config.intermediate_size},
      {"num_hidden_layers", config.num_hidden_layers},
      {"num_attention_heads", config.num_attention_heads},
      {"num_key_value_heads", config.num_key_value_heads},
      {"head_dim", config.head_dim},
      {"in_channels", config.in_channels},
      {"patch_size", config.patch_size},
      {"num_lyric_encoder_hidden_layers", config.num_lyric_encoder_hidden_layers},
      {"num_timbre_encoder_hidden_layers", config.num_timbre_encoder_hidden_layers},
      {"num_attention_pooler_hidden_layers", config.num_attention_pooler_hidden_layers},
      {"text_hidden_dim", config.text_hidden_dim},
      {"timbre_hidden_dim", config.timbre_hidden_dim},
      {"timbre_fix_frame", config.timbre_fix_frame},
      {"audio_acoustic_hidden_dim", config.audio_acoustic_hidden_dim},
      {"pool_window_size", config.pool_window_size},
      {"fsq_dim", config.fsq_dim},
      {"sliding_window", config.sliding_window},
  };
  for (const auto& [key, value] : sizes) json.set(key, value);
  if (config.has_timbre_token) {  // the smaller models have none of these keys
    json.set("encoder_hidden_size", config.encoder_hidden_size);
    json.set("encoder_intermediate_size", config.encoder_intermediate_size);
    json.set("encoder_num_attention_heads", config.encoder_num_attention_heads);
    json.set("encoder_num_key_value_heads", config.encoder_num_key_value_heads);
  }
  json.set("fsq_input_levels", json_list(config.fsq_input_levels));
  json.set("fsq_input_num_quantizers", 1);
  Json layers = Json::array();
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    layers.push_back(config.window(i) > 0 ? "sliding_attention" : "full_attention");
  }
  json.set("layer_types", layers);
  json.set("use_sliding_window", config.use_sliding_window);
  json.set("rms_norm_eps", 1e-6);
  json.set("rope_theta", 1'000'000);
  json.set("max_position_embeddings", 32768);
  return json;
}

Json config_json(const QwenConfig& config) {
  const bool is_qwen2 = config.projection == ProjectionKind::Bias;
  Json json = Json::object();
  json.set("architectures", architecture(is_qwen2 ? "Qwen2ForCausalLM" : "Qwen3ForCausalLM"));
  json.set("model_type", is_qwen2 ? "qwen2" : "qwen3");
  json.set("hidden_size", config.hidden_size);
  json.set("intermediate_size", config.intermediate_size);
  json.set("num_hidden_layers", config.num_hidden_layers);
  json.set("num_attention_heads", config.num_attention_heads);
  json.set("num_key_value_heads", config.num_key_value_heads);
  json.set("head_dim", config.head_dim);
  json.set("vocab_size", config.vocab_size);
  json.set("max_position_embeddings", config.max_position_embeddings);
  json.set("rms_norm_eps", 1e-6);
  json.set("rope_theta", 1'000'000);
  json.set("tie_word_embeddings", config.tie_word_embeddings);
  return json;
}

Json config_json(const OobleckConfig& config) {
  Json json = Json::object();
  json.set("_class_name", "AutoencoderOobleck");
  json.set("encoder_hidden_size", config.encoder_hidden_size);
  json.set("downsampling_ratios", json_list(config.downsampling_ratios));
  json.set("channel_multiples", json_list(config.channel_multiples));
  json.set("decoder_channels", config.decoder_channels);
  json.set("decoder_input_channels", config.decoder_input_channels);
  json.set("audio_channels", config.audio_channels);
  json.set("sampling_rate", config.sampling_rate);
  return json;
}

}  // namespace ams
