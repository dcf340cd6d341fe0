// What is written beside an adapter's tensors: adapter_config.json, or the metadata of the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace ams {

struct LoraConfig {
  std::optional<double> alpha;
  // Overrides of alpha: names of modules, their endings at a dot, or patterns (lora_pattern.h).
  std::vector<std::pair<std::string, double>> alpha_pattern;
  bool use_rslora = false;            // scale by alpha / sqrt(rank) instead of alpha / rank
  bool use_dora = false;              // row norms must be there
  std::optional<int64_t> linear_dim;  // rank that LoKr factors stored whole were made with

  // The alpha of a module: its own pattern, else the common one.
  std::optional<double> alpha_of(std::string_view module) const;
};

// `what` names the file in messages. Throws CorruptFile if peft_type is missing or a value has a
// wrong type or is not finite, Unsupported for what cannot be applied. Unknown keys are normal.
LoraConfig parse_adapter_config(const Json& config, const std::string& what);

// From the metadata of a safetensors file, whose values are strings: lora_alpha, the
// lora_adapter_metadata of diffusers, the lokr_config of LyCORIS. Throws CorruptFile.
LoraConfig parse_lora_metadata(const Json& metadata, const std::string& what);

}  // namespace ams
