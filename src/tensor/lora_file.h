// An adapter on disk: what it changes, and by which rule. Opening reads the header, one-element
// tensors and the configuration, not the matrices.
//
// LoRA (arXiv:2106.09685), rank-stabilised LoRA (arXiv:2312.03732), DoRA (arXiv:2402.09353) and
// LoKr (arXiv:2309.14859) of linear layers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/weight_file.h"

namespace ams {

inline constexpr size_t kMaxLoraFileBytes = size_t{500} << 20;
inline constexpr size_t kMaxLoraHeaderBytes = size_t{10} << 20;
inline constexpr int64_t kMaxLoraRank = 256;
inline constexpr size_t kMaxLoraNameLength = 512;

enum class LoraKind { LowRank, LoKr };

// One factor of a LoKr: stored whole, or as the product a b. The other pointers are null.
struct LoraFactor {
  const StoredTensor* whole = nullptr;  // [rows, columns]
  const StoredTensor* a = nullptr;      // [rows, rank]
  const StoredTensor* b = nullptr;      // [rank, columns]
  int64_t rows = 0;
  int64_t columns = 0;
};

// What an adapter does to one matrix W [out, in]. Pointers are into the file that holds it.
struct LoraModule {
  std::string name;           // as LoraName::module
  bool is_flattened = false;  // as LoraName::is_flattened
  LoraKind kind = LoraKind::LowRank;
  int64_t out = 0;
  int64_t in = 0;
  int64_t rank = 0;
  double alpha = 0;
  double scale = 1;                    // W + scale * up down, or W + scale * kron(w1, w2)
  const StoredTensor* down = nullptr;  // [rank, in], LowRank only
  const StoredTensor* up = nullptr;    // [out, rank], LowRank only
  LoraFactor w1, w2;                   // LoKr only
  // DoRA: the changed matrix's rows get these norms; null: they keep their own.
  const StoredTensor* magnitude = nullptr;  // [out] or [out, 1]
  bool magnitude_has_epsilon = false;       // LyCORIS adds the base type's epsilon to the norms
};

// Immutable; thread-safe.
struct LoraFile {
  std::string name;            // the folder's or file's own, at most 64 printable characters
  std::filesystem::path path;  // of the safetensors file
  size_t bytes = 0;            // of that file
  std::string_view kind;       // "lora", "dora", "lokr", "lokr+dora"
  int64_t rank = 0;            // largest of all modules
  double alpha = 0;            // of the first module
  std::vector<LoraModule> modules;
  std::vector<std::string> ignored;           // tensors that are no part of a linear adapter
  std::shared_ptr<const WeightFile> tensors;  // shared: a stack keeps what it has applied
};

// Opens a folder (adapter_config.json and adapter_model.safetensors, or lokr_weights.safetensors,
// pytorch_lora_weights.safetensors, or its only safetensors file) or a file. Checks all that can be
// checked without a model. Throws NotFound, CorruptFile, and Unsupported for adapters of other
// models, above the limits or of other kinds; the message says what the file is where that can be
// guessed.
std::shared_ptr<const LoraFile> open_lora(const std::filesystem::path& path);

}  // namespace ams
