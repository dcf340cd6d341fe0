// Which models are on this machine: found by their configuration, nothing is loaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ams {

enum class ModelRole { Song, Planner, TextEncoder, Vae, Lyrics };

std::string_view model_role_name(ModelRole role);  // "song", "planner", …

// One folder with a config.json that this program understands, and its weights.
struct ModelEntry {
  std::string name;  // of the folder; in a Hub cache, of the repository or its sub-folder
  ModelRole role;
  std::filesystem::path folder;
  int64_t weight_bytes;  // of all weight files; 0: they are missing
};

// Models in and up to two levels below each of `folders`, and in Hub caches among them
// (models--org--name/snapshots/revision). Missing folders and unreadable configurations are left
// out. Sorted by role and name; of equal names the first folder's wins. Thread-safe.
std::vector<ModelEntry> list_models(std::span<const std::filesystem::path> folders);

}  // namespace ams
