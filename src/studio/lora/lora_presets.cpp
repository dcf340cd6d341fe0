#include "studio/lora/lora_presets.h"

#include <array>

namespace ams {
namespace {

constexpr std::array<LoraPreset, 2> kPresets{{
    {"Chinese Rap",
     "ACE-Step/ACE-Step-v1-chinese-rap-LoRA",
     "pytorch_lora_weights.safetensors",
     /*config=*/"",
     "genre",
     0.85,
     "ACE-Step v1.0",
     // Other blocks, other sizes, another codec: nothing in it has a place in a 1.5 model.
     /*fits_this_program=*/false},
    {"Chinese New Year",
     "ACE-Step/ACE-Step-v1.5-chinese-new-year-LoRA",
     "adapter_model.safetensors",
     "adapter_config.json",
     "genre",
     0.85,
     "ACE-Step 1.5 2B",
     /*fits_this_program=*/true},
}};

}  // namespace

std::span<const LoraPreset> lora_presets() { return kPresets; }

const LoraPreset* find_lora_preset(std::string_view name_or_id) {
  for (const LoraPreset& preset : kPresets) {
    if (preset.name == name_or_id || preset.hf_id == name_or_id) return &preset;
  }
  return nullptr;
}

}  // namespace ams
