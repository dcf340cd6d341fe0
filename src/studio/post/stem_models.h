// Which HTDemucs checkpoints are on this machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ams {

inline constexpr std::string_view kDefaultStemModel = "htdemucs";

// One checkpoint that could be opened.
struct StemModelFiles {
  std::string name;  // "htdemucs", or of the named file or folder
  std::vector<std::filesystem::path>
      files;  // one file or folder; or the networks of a bag in order
};

// The published models: "htdemucs", "htdemucs_ft" and "htdemucs_6s".
std::vector<std::string_view> stem_model_names();

// `model`: a file, a folder, or a published name. A name is looked up in `folders` and their
// subfolder "demucs": a folder or .safetensors file of that name, the official `.th` or
// .safetensors files by signature, and repositories of a Hub cache.
// Throws NotFound that says where it was looked for.
// Thread-safe.
StemModelFiles find_stem_model(const std::string& model,
                               std::span<const std::filesystem::path> folders);

// Those of the published models that are there. Thread-safe.
std::vector<StemModelFiles> list_stem_models(std::span<const std::filesystem::path> folders);

}  // namespace ams
