#include "studio/models/model_list.h"

#include <algorithm>
#include <array>
#include <optional>
#include <system_error>

#include "base/error.h"
#include "base/json.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kRoleNames{
    "song", "planner", "text encoder", "vae", "lyrics"};
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

int64_t weight_bytes_in(const fs::path& folder) {
  int64_t total = 0;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".safetensors" && extension != ".gguf") continue;
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

void scan(const fs::path& folder,
          const std::string& name,
          int depth,
          std::vector<ModelEntry>& out) {
  std::error_code error;
  if (fs::is_regular_file(folder / "config.json", error)) {
    if (const auto role = role_of(folder, name)) {
      out.push_back({name, *role, folder, weight_bytes_in(folder)});
    }
  }
  if (depth == 0) return;
  for (const fs::path& child : folders_in(folder)) {
    const std::string child_name = child.filename().string();
    if (child_name.rfind('.', 0) == 0) continue;
    if (child_name.rfind(kHubPrefix, 0) != 0) {
      scan(child, child_name, depth - 1, out);
      continue;
    }
    for (const fs::path& snapshot : folders_in(child / "snapshots")) {
      scan(snapshot, repository_name(child_name), 1, out);
    }
  }
}

}  // namespace

std::string_view model_role_name(ModelRole role) { return kRoleNames[static_cast<size_t>(role)]; }

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
