// From the tensors of an adapter to its modules.
#pragma once

#include <string>
#include <vector>

#include "tensor/lora_config.h"
#include "tensor/lora_file.h"
#include "tensor/weight_file.h"

namespace ams {

struct LoraModules {
  std::vector<LoraModule> modules;   // in the order of their names
  std::vector<std::string> ignored;  // tensors that belong to none of them
};

// Groups, completes and checks the tensors of a file. Throws CorruptFile, Unsupported.
LoraModules collect_modules(const WeightFile& file, const LoraConfig& config);

}  // namespace ams
