// What an adapter is, without a model: its header alone is read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace ams {

// A value type.
struct LoraFacts {
  std::string name;
  std::filesystem::path path;  // of the tensors
  int64_t bytes = 0;
  std::string kind;             // "lora", "dora", "lokr", "lokr+dora"
  int64_t rank = 0;             // largest of all modules
  double alpha = 0;             // of the first module
  int64_t modules = 0;          // matrices that it changes
  int64_t ignored_tensors = 0;  // that are no part of it
  int64_t hidden_size = 0;      // of the model that it was made for; 0: its shapes do not tell
  int64_t layers = 0;           // its highest layer + 1; 0: its names do not tell
  std::string made_for;         // "ACE-Step 1.5 XL"; empty: no published size
  std::vector<std::string> fitting_models;  // installed song models of its width and depth
};

// `name` as find_lora() takes it. Throws what find_lora() and open_lora() throw: NotFound,
// CorruptFile, Unsupported with the reason. Thread-safe.
LoraFacts check_lora(const std::string& name, std::span<const std::filesystem::path> folders);

}  // namespace ams
