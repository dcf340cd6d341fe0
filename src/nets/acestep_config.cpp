#include "nets/acestep_config.h"

#include <algorithm>

#include "base/error.h"
#include "base/str.h"
#include "nets/blocks/real_values.h"

namespace ams {
namespace {

[[noreturn]] void throw_config(const std::string& message) {
  throw Error(ErrorCode::CorruptFile, "acestep config.json: " + message);
}

struct Field {
  const char* name;
  int64_t AceStepConfig::*member;
  int64_t largest;
};

// Bounds far above every published size keep products of sizes inside 64 bits.
constexpr int64_t kWide = 1 << 16;
constexpr int64_t kDeep = 1024;
constexpr int64_t kMostLayers = 64;        // one graph holds all layers; its nodes are counted
constexpr int64_t kLongestClip = 1 << 13;  // latent frames; attention over them is quadratic
constexpr Field kFields[] = {
    {"hidden_size", &AceStepConfig::hidden_size, kWide},
    {"intermediate_size", &AceStepConfig::intermediate_size, kWide},
    {"num_hidden_layers", &AceStepConfig::num_hidden_layers, kMostLayers},
    {"num_attention_heads", &AceStepConfig::num_attention_heads, kDeep},
    {"num_key_value_heads", &AceStepConfig::num_key_value_heads, kDeep},
    {"head_dim", &AceStepConfig::head_dim, kDeep},
    {"in_channels", &AceStepConfig::in_channels, kWide},
    {"patch_size", &AceStepConfig::patch_size, 2},
    {"num_lyric_encoder_hidden_layers",
     &AceStepConfig::num_lyric_encoder_hidden_layers,
     kMostLayers},
    {"num_timbre_encoder_hidden_layers",
     &AceStepConfig::num_timbre_encoder_hidden_layers,
     kMostLayers},
    {"num_attention_pooler_hidden_layers",
     &AceStepConfig::num_attention_pooler_hidden_layers,
     kMostLayers},
    {"text_hidden_dim", &AceStepConfig::text_hidden_dim, kWide},
    {"timbre_hidden_dim", &AceStepConfig::timbre_hidden_dim, kWide},
    {"timbre_fix_frame", &AceStepConfig::timbre_fix_frame, kLongestClip},
    {"audio_acoustic_hidden_dim", &AceStepConfig::audio_acoustic_hidden_dim, kWide},
    {"pool_window_size", &AceStepConfig::pool_window_size, kDeep},
    {"fsq_dim", &AceStepConfig::fsq_dim, kWide},
    {"sliding_window", &AceStepConfig::sliding_window, kWide},
};

// Absent in the 2B checkpoints, where the encoders have the decoder's sizes.
struct EncoderField {
  const char* name;
  int64_t AceStepConfig::*member;
  int64_t AceStepConfig::*decoder;
};
constexpr EncoderField kEncoderFields[] = {
    {"encoder_hidden_size", &AceStepConfig::encoder_hidden_size, &AceStepConfig::hidden_size},
    {"encoder_intermediate_size",
     &AceStepConfig::encoder_intermediate_size,
     &AceStepConfig::intermediate_size},
    {"encoder_num_attention_heads",
     &AceStepConfig::encoder_num_attention_heads,
     &AceStepConfig::num_attention_heads},
    {"encoder_num_key_value_heads",
     &AceStepConfig::encoder_num_key_value_heads,
     &AceStepConfig::num_key_value_heads},
};

int64_t read_size(const Json& json, const char* name, int64_t fallback, int64_t largest) {
  const int64_t value = json.get(name, fallback);
  if (value < 1 || value > largest) {
    throw_config(str("'", name, "' is ", value, ", expected 1 to ", largest));
  }
  return value;
}

ModelKind read_kind(const Json& json, const std::string& folder_name) {
  const bool named_turbo = folder_name.find("turbo") != std::string::npos;
  if (json.get("is_turbo", named_turbo)) return ModelKind::Turbo;
  const std::string version = json.get("model_version", folder_name);
  const bool base = version.find("base") != std::string::npos;
  const bool sft = version.find("sft") != std::string::npos;
  return base && !sft ? ModelKind::Base : ModelKind::Sft;
}

void check(const AceStepConfig& config) {
  if (config.num_attention_heads % config.num_key_value_heads != 0 ||
      config.encoder_num_attention_heads % config.encoder_num_key_value_heads != 0) {
    throw_config("the number of attention heads is not a multiple of the key/value heads");
  }
  if (config.head_dim % 2 != 0) throw_config(str("'head_dim' is odd: ", config.head_dim));
  if (config.patch_size != 2)
    throw_config(str("'patch_size' is ", config.patch_size, ", expected 2"));
  const int64_t channels = 3 * config.audio_acoustic_hidden_dim;
  if (config.in_channels != channels) {
    throw_config(str("'in_channels' is ",
                     config.in_channels,
                     ", expected ",
                     channels,
                     " = source, mask and noise latents of 'audio_acoustic_hidden_dim'"));
  }
  if (config.timbre_hidden_dim != config.audio_acoustic_hidden_dim) {
    throw_config("'timbre_hidden_dim' differs from 'audio_acoustic_hidden_dim'");
  }
  if (config.fsq_dim != config.encoder_hidden_size) {
    throw_config(str("'fsq_dim' is ",
                     config.fsq_dim,
                     ", expected 'encoder_hidden_size' ",
                     config.encoder_hidden_size));
  }
}

std::vector<std::string> read_layer_types(const Json& list) {
  if (!list.is_array()) throw_config("'layer_types' is not a list");
  std::vector<std::string> types;
  for (int64_t i = 0; i < list.size(); ++i) {
    const std::string type = list.at(i).as_string();
    if (type != "sliding_attention" && type != "full_attention") {
      throw_config(
          str("'layer_types' has '", type, "', expected sliding_attention or full_attention"));
    }
    types.push_back(type);
  }
  return types;
}

AceStepConfig read_config(const Json& json, const std::string& folder_name) {
  if (!json.is_object()) throw_config("expected an object");
  AceStepConfig config;
  for (const Field& field : kFields) {
    config.*field.member = read_size(json, field.name, config.*field.member, field.largest);
  }
  for (const EncoderField& field : kEncoderFields) {
    config.*field.member = read_size(json, field.name, config.*field.decoder, kWide);
  }
  config.has_timbre_token = json.contains("encoder_hidden_size");
  config.use_sliding_window = json.get("use_sliding_window", true);
  config.is_lego_sft = json.get("is_lego_sft", false);
  config.rms_norm_eps = read_norm_eps(json, "acestep config.json");
  config.rope_theta = read_rope_theta(json, "acestep config.json");
  if (json.contains("layer_types") && !json.at("layer_types").is_null()) {
    config.layer_types = read_layer_types(json.at("layer_types"));
  }
  if (json.contains("fsq_input_levels")) {
    const Json levels = json.at("fsq_input_levels");
    config.fsq_input_levels.clear();
    for (int64_t i = 0; i < levels.size(); ++i) {
      const int64_t level = levels.at(i).as_int();
      if (level < 2 || level > 256) throw_config(str("'fsq_input_levels' has ", level));
      config.fsq_input_levels.push_back(level);
    }
    if (config.fsq_input_levels.empty() || config.fsq_input_levels.size() > 8) {
      throw_config(str(
          "'fsq_input_levels' has ", config.fsq_input_levels.size(), " entries, expected 1 to 8"));
    }
    if (config.num_codes() > INT32_MAX) throw_config("'fsq_input_levels' give too many codes");
  }
  config.kind = read_kind(json, folder_name);
  check(config);
  return config;
}

}  // namespace

int64_t AceStepConfig::window(int64_t index) const {
  if (!use_sliding_window) return 0;
  const auto layer = static_cast<size_t>(index);
  if (layer < layer_types.size()) {
    return layer_types[layer] == "sliding_attention" ? sliding_window : 0;
  }
  return index % 2 == 0 ? sliding_window : 0;
}

std::vector<int64_t> AceStepConfig::windows(int64_t layers) const {
  std::vector<int64_t> result;
  for (int64_t i = 0; i < layers; ++i) result.push_back(window(i));
  return result;
}

int64_t AceStepConfig::num_codes() const {
  int64_t product = 1;
  for (const int64_t level : fsq_input_levels) product *= level;
  return product;
}

EncoderLayerSizes AceStepConfig::encoder_layer() const {
  EncoderLayerSizes sizes;
  sizes.attention = {encoder_hidden_size,
                     encoder_num_attention_heads,
                     encoder_num_key_value_heads,
                     head_dim,
                     rms_norm_eps};
  sizes.intermediate_size = encoder_intermediate_size;
  sizes.rotary = rotary();
  return sizes;
}

AceStepConfig AceStepConfig::parse(const Json& json, const std::string& folder_name) {
  return read_file_values("acestep config.json", [&] { return read_config(json, folder_name); });
}

AceStepConfig AceStepConfig::load(const std::filesystem::path& folder) {
  return parse(Json::parse_file(folder / "config.json"), folder.filename().string());
}

}  // namespace ams
