#include "studio/models/model_list.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <system_error>

#include "base/error.h"
#include "base/json.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 7> kRoleNames{
    "song", "planner", "text encoder", "vae", "lyrics", "stems", "lora"};
// HTDemucs files begin with one of these: its published networks, or its name.
constexpr std::array<std::string_view, 7> kStemNetworks{
    "955717e8", "f7e0c4bc", "d12395a8", "92cfc3b6", "04573f0d", "5c90dfd2", "htdemucs"};
constexpr std::array<std::string_view, 2> kLoraFiles{"adapter_model.safetensors",
                                                     "pytorch_lora_weights.safetensors"};
constexpr size_t kMaxConfigBytes = size_t{1} << 20;
constexpr int kDepth = 2;
constexpr std::string_view kHubPrefix = "models--";

std::optional<ModelRole> role_of(const fs::path& folder, const std::string& name) {
  try {
    const Json config = Json::parse_file(folder / "config.json", kMaxConfigBytes);
    if (config.get("_class_name", "") == "AutoencoderOobleck") return ModelRole::Vae;
    if (config.contains("audio_acoustic_hidden_dim")) return ModelRole::Song;
    const std::string type = config.get("model_type", "");
    if (type == "qwen2") return ModelRole::Lyrics;
    if (type != "qwen3") return std::nullopt;
    // One network in three roles; only names tell a planner from a chat model.
    if (name.find("Embedding") != std::string::npos) return ModelRole::TextEncoder;
    return name.starts_with("Qwen3-") ? ModelRole::Lyrics : ModelRole::Planner;
  } catch (const Error&) {
    return std::nullopt;  // not a model of this program; opening it by name gives the reason
  }
}

bool is_weight_file(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".safetensors" || extension == ".gguf" || extension == ".th";
}

// What has no configuration of its own is known by the names of its files.
std::optional<ModelRole> role_of_files(const fs::path& folder) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const auto starts = [&name](std::string_view beginning) { return name.starts_with(beginning); };
    if (!is_weight_file(entry.path())) continue;
    if (std::find(kLoraFiles.begin(), kLoraFiles.end(), name) != kLoraFiles.end()) {
      return ModelRole::Lora;
    }
    if (std::any_of(kStemNetworks.begin(), kStemNetworks.end(), starts)) return ModelRole::Stems;
  }
  return std::nullopt;
}

int64_t weight_bytes_in(const fs::path& folder) {
  int64_t total = 0;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (!is_weight_file(entry.path())) continue;
    const std::uintmax_t bytes = entry.file_size(error);  // follows the links of a Hub cache
    if (!error) total += static_cast<int64_t>(bytes);
  }
  return total;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_directory(error)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// "models--ACE-Step--acestep-v15-xl-sft" -> "acestep-v15-xl-sft".
std::string repository_name(const std::string& hub_folder) {
  return hub_folder.substr(hub_folder.rfind("--") + 2);
}

// The one that the repository's main branch stood at when it was fetched comes first.
std::vector<fs::path> snapshots_in(const fs::path& repository) {
  std::vector<fs::path> snapshots = folders_in(repository / "snapshots");
  std::string commit;
  std::ifstream(repository / "refs" / "main") >> commit;
  std::stable_partition(snapshots.begin(), snapshots.end(), [&commit](const fs::path& snapshot) {
    return snapshot.filename() == commit;
  });
  return snapshots;
}

void scan(const fs::path& folder,
          const std::string& name,
          int depth,
          std::vector<ModelEntry>& out) {
  std::error_code error;
  if (fs::is_regular_file(folder / "config.json", error)) {
    if (const auto role = role_of(folder, name)) {
      out.push_back({name, *role, folder, weight_bytes_in(folder)});
    }
  } else if (const auto role = role_of_files(folder)) {
    out.push_back({name, *role, folder, weight_bytes_in(folder)});
  }
  if (depth == 0) return;
  for (const fs::path& child : folders_in(folder)) {
    const std::string child_name = child.filename().string();
    if (child_name.rfind('.', 0) == 0) continue;
    if (child_name.rfind(kHubPrefix, 0) != 0) {
      scan(child, child_name, depth - 1, out);
      continue;
    }
    for (const fs::path& snapshot : snapshots_in(child)) {
      scan(snapshot, repository_name(child_name), 1, out);
    }
  }
}

}  // namespace

std::string_view model_role_name(ModelRole role) { return kRoleNames[static_cast<size_t>(role)]; }

std::string model_name(const fs::path& folder) {
  const fs::path repository = folder.parent_path().parent_path().filename();
  const bool is_snapshot =
      folder.parent_path().filename() == "snapshots" && repository.string().starts_with(kHubPrefix);
  return is_snapshot ? repository_name(repository.string()) : folder.filename().string();
}

std::vector<ModelEntry> list_models(std::span<const fs::path> folders) {
  std::vector<ModelEntry> models;
  for (const fs::path& folder : folders) scan(folder, folder.filename().string(), kDepth, models);
  std::stable_sort(models.begin(), models.end(), [](const ModelEntry& a, const ModelEntry& b) {
    return a.role != b.role ? a.role < b.role : a.name < b.name;
  });
  const auto end = std::unique(models.begin(), models.end(), [](const auto& a, const auto& b) {
    return a.role == b.role && a.name == b.name;
  });
  models.erase(end, models.end());
  return models;
}

}  // namespace ams
