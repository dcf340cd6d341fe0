// Which models are on this machine: found by their configuration, nothing is loaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ams {

enum class ModelRole { Song, Planner, TextEncoder, Vae, Lyrics, Stems, Lora };

std::string_view model_role_name(ModelRole role);  // "song", "planner", …

// One folder with a config.json that this program understands, or with the files of a stem
// separator or adapter, and its weights.
struct ModelEntry {
  std::string name;  // of the folder; in a Hub cache, of the repository or its sub-folder
  ModelRole role;
  std::filesystem::path folder;
  int64_t weight_bytes;  // of all weight files; 0: they are missing
};

// Models in and up to two levels below each of `folders`, and in Hub caches among them
// (models--org--name/snapshots/revision). Missing folders and unreadable configurations are left
// out; of several snapshots, the one of the main branch counts. Sorted by role and name; of equal
// names the first folder's wins. Thread-safe.
std::vector<ModelEntry> list_models(std::span<const std::filesystem::path> folders);

// What the model in a folder is called: as the folder, or as the Hub repository whose snapshot the
// folder is. Thread-safe.
std::string model_name(const std::filesystem::path& folder);

// The element type that most bytes of the first weight file have: "bf16", "q8_0". Reads its header.
// Empty if the file cannot be understood without running through it. Thread-safe.
std::string model_precision(const ModelEntry& model);

}  // namespace ams
