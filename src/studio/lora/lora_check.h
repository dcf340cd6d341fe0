// What an adapter is, without a model: its header alone is read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace ams {

// A value type.
struct LoraFacts {
  std::string name;
  std::filesystem::path path;  // of the tensors
  int64_t bytes = 0;
  std::string kind;  // "lora", "dora", "lokr"
  int64_t rank = 0;
  double alpha = 0;
  int64_t modules = 0;          // matrices that it changes
  int64_t ignored_tensors = 0;  // that are no part of it
  int64_t hidden_size = 0;      // of the model that it was made for; 0: not told by its shapes
  int64_t layers = 0;           // highest numbered layer + 1; 0: not told
  std::string fits;             // sentence: "ACE-Step 1.5 XL (width 2560, 32 layers)"
};

// A path or a preset's name, looked up as LoraShelf::open() does. Throws what it throws: NotFound,
// CorruptFile, Unsupported with the reason. Thread-safe.
LoraFacts check_lora(const std::string& name, std::span<const std::filesystem::path> folders);

}  // namespace ams
