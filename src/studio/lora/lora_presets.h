// The adapters that the studio offers by name: all published by the ACE-Step organisation.
#pragma once

#include <span>
#include <string_view>

namespace ams {

// One row of the manifest.
struct LoraPreset {
  std::string_view name;      // shown: "Chinese New Year"
  std::string_view hf_id;     // repository on the Hub
  std::string_view filename;  // of the tensors in it
  std::string_view config;    // of the configuration beside it; empty: none is needed
  std::string_view kind;      // "genre"
  double default_scale;       // strength that choosing it sets, 0 to 1.5
  std::string_view made_for;  // the model it was trained on
  bool fits_this_program;     // false: only listed, so that the page can say why
};

// In the order in which they are shown. Immutable; thread-safe.
std::span<const LoraPreset> lora_presets();

// Null if there is none of that name or repository.
const LoraPreset* find_lora_preset(std::string_view name_or_id);

}  // namespace ams
