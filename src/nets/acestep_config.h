// Sizes of an ACE-Step 1.5 checkpoint, read from its config.json. Field names are its keys.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "nets/blocks/encoder_layer.h"

namespace ams {

// What a checkpoint was trained for; decides the default steps, shift and guidance.
enum class ModelKind { Sft, Base, Turbo };

struct AceStepConfig {
  // Diffusion transformer.
  int64_t hidden_size = 2048;
  int64_t intermediate_size = 6144;
  int64_t num_hidden_layers = 24;
  int64_t num_attention_heads = 16;
  int64_t num_key_value_heads = 8;
  int64_t head_dim = 128;
  int64_t in_channels = 192;
  int64_t patch_size = 2;
  // Condition encoders, tokenizer and detokenizer.
  int64_t encoder_hidden_size = 2048;
  int64_t encoder_intermediate_size = 6144;
  int64_t encoder_num_attention_heads = 16;
  int64_t encoder_num_key_value_heads = 8;
  int64_t num_lyric_encoder_hidden_layers = 8;
  int64_t num_timbre_encoder_hidden_layers = 4;
  int64_t num_attention_pooler_hidden_layers = 2;
  int64_t text_hidden_dim = 1024;
  int64_t timbre_hidden_dim = 64;
  int64_t timbre_fix_frame = 750;
  int64_t audio_acoustic_hidden_dim = 64;  // latent channels
  int64_t pool_window_size = 5;            // latent frames of one audio code
  int64_t fsq_dim = 2048;
  std::vector<int64_t> fsq_input_levels = {8, 8, 8, 5, 5, 5};
  // Shared.
  std::vector<std::string> layer_types;  // "sliding_attention" or "full_attention"; may be empty
  bool use_sliding_window = true;
  int64_t sliding_window = 128;
  float rms_norm_eps = 1e-6f;
  float rope_theta = 1e6f;
  // Variant.
  bool has_timbre_token = false;  // XL: the timbre encoder reads its special_token first
  bool is_lego_sft = false;
  ModelKind kind = ModelKind::Sft;
  // Not of the file: reproduces the official CUDA program, see RotaryTable.
  bool rounds_rotary_tables = false;

  // Window of layer `index` of any stack: sliding_window or 0 for full attention.
  int64_t window(int64_t index) const;
  std::vector<int64_t> windows(int64_t layers) const;
  int64_t num_codes() const;  // product of fsq_input_levels
  RotaryTable rotary() const { return {rope_theta, rounds_rotary_tables}; }
  // Sizes of the layers of the encoder stacks.
  EncoderLayerSizes encoder_layer() const;

  // `folder_name` decides the kind where config.json predates `is_turbo`.
  // Throws CorruptFile if a value is missing where it has no default, out of range or contradicts
  // others.
  static AceStepConfig parse(const Json& json, const std::string& folder_name);
  static AceStepConfig load(const std::filesystem::path& folder);
};

}  // namespace ams
