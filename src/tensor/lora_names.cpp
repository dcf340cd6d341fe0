#include "tensor/lora_names.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ams {
namespace {

constexpr std::array<std::pair<std::string_view, LoraPart>, 18> kParts{{
    {"lora_A", LoraPart::Down},
    {"lora_B", LoraPart::Up},
    {"lora_down", LoraPart::Down},
    {"lora_up", LoraPart::Up},
    {"lora_magnitude_vector", LoraPart::Magnitude},
    {"dora_scale", LoraPart::DoraScale},
    {"alpha", LoraPart::Alpha},
    {"scalar", LoraPart::Scalar},
    {"lora_scalar", LoraPart::Scalar},
    {"lora_mid", LoraPart::Core},
    {"lokr_t1", LoraPart::Core},
    {"lokr_t2", LoraPart::Core},
    {"lokr_w1", LoraPart::W1},
    {"lokr_w1_a", LoraPart::W1A},
    {"lokr_w1_b", LoraPart::W1B},
    {"lokr_w2", LoraPart::W2},
    {"lokr_w2_a", LoraPart::W2A},
    {"lokr_w2_b", LoraPart::W2B},
}};

constexpr std::array<std::string_view, 4> kDottedPrefixes{
    "base_model.model.", "diffusion_model.", "transformer.", "decoder."};
constexpr std::array<std::string_view, 2> kFlattenedPrefixes{"lora_unet_", "lycoris_"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kDiffusersNames{{
    {".to_q", ".q_proj"},
    {".to_k", ".k_proj"},
    {".to_v", ".v_proj"},
    {".to_out.0", ".o_proj"},
}};

constexpr std::array<std::string_view, 7> kLayerMatrices{
    "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"};
constexpr std::array<std::string_view, 4> kOuterModules{
    "time_embed", "condition_embedder", "proj_in", "proj_out"};

// The first row that occurs in any name wins, so special rows come before general ones.
constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kForeignModels{{
    {"single_transformer_blocks", "Flux, an image model"},
    {"double_blocks", "Flux, an image model"},
    {"down_blocks", "Stable Diffusion, an image model"},
    {"input_blocks", "Stable Diffusion, an image model"},
    {"lora_te", "Stable Diffusion, an image model"},
    {"unet.", "Stable Diffusion, an image model"},
    {"joint_blocks", "Stable Diffusion 3, an image model"},
    {"lyric_encoder.", "ACE-Step v1.0"},
    {"speaker_embedder", "ACE-Step v1.0"},
    {"transformer_blocks.", "ACE-Step v1.0"},
    {"transformer_blocks_", "ACE-Step v1.0"},
    {"model.model.layers.", "a language model"},
    {"model.layers.", "a language model"},
}};

bool strip_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<LoraPart> find_part(std::string_view label) {
  for (const auto& [name, part] : kParts) {
    if (name == label) return part;
  }
  return std::nullopt;
}

// Cuts "module.lora_A.default.weight" into the module and the part; PEFT may insert the adapter's
// name before ".weight".
std::optional<LoraPart> cut_part(std::string_view& text) {
  std::string_view rest = text;
  if (rest.ends_with(".weight")) rest.remove_suffix(std::string_view(".weight").size());
  for (int words = 0; words < 2; ++words) {
    const size_t dot = rest.rfind('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const std::string_view label = rest.substr(dot + 1);
    rest = rest.substr(0, dot);
    if (const std::optional<LoraPart> part = find_part(label)) {
      text = rest;
      return part;
    }
    if (label == "bias" || label == "weight") return std::nullopt;
  }
  return std::nullopt;
}

std::string own_words(std::string_view module) {
  for (const auto& [theirs, ours] : kDiffusersNames) {
    if (!module.ends_with(theirs)) continue;
    module.remove_suffix(theirs.size());
    return std::string(module) + std::string(ours);
  }
  return std::string(module);
}

}  // namespace

std::optional<LoraName> parse_lora_name(std::string_view tensor) {
  std::string_view module = tensor;
  const std::optional<LoraPart> part = cut_part(module);
  if (!part) return std::nullopt;
  LoraName name;
  name.part = *part;
  for (const std::string_view prefix : kFlattenedPrefixes) {
    name.is_flattened = name.is_flattened || strip_prefix(module, prefix);
  }
  if (name.is_flattened) {
    strip_prefix(module, "decoder_");
    name.module = module;
  } else {
    for (const std::string_view prefix : kDottedPrefixes) strip_prefix(module, prefix);
    name.module = own_words(module);
  }
  if (name.module.empty()) return std::nullopt;
  return name;
}

bool is_acestep_module(const LoraName& name) {
  const std::string_view module = name.module;
  const auto starts = [&](std::string_view outer) { return module.starts_with(outer); };
  if (std::any_of(kOuterModules.begin(), kOuterModules.end(), starts)) return true;
  if (!module.starts_with(name.is_flattened ? "layers_" : "layers.")) return false;
  const auto ends = [&](std::string_view matrix) { return module.ends_with(matrix); };
  return std::any_of(kLayerMatrices.begin(), kLayerMatrices.end(), ends);
}

std::string_view guess_foreign_model(std::span<const std::string> tensors) {
  for (const auto& [mark, model] : kForeignModels) {
    for (const std::string& tensor : tensors) {
      if (tensor.find(mark) != std::string::npos) return model;
    }
  }
  return {};
}

}  // namespace ams
