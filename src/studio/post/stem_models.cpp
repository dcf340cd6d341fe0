#include "studio/post/stem_models.h"

#include <algorithm>
#include <array>
#include <optional>
#include <system_error>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

struct PublishedModel {
  std::string_view name;
  std::string_view hub_folder;             // of its repository in a Hub cache
  std::vector<std::string_view> networks;  // signatures, in the order of the stems
};

const std::array<PublishedModel, 3>& published_models() {
  static const std::array<PublishedModel, 3> kModels{{
      {"htdemucs", "models--adefossez--HTDemucs", {"955717e8"}},
      {"htdemucs_ft",
       "models--adefossez--HTDemucs-ft",
       {"f7e0c4bc", "d12395a8", "92cfc3b6", "04573f0d"}},
      {"htdemucs_6s", "models--adefossez--HTDemucs-6s", {"5c90dfd2"}},
  }};
  return kModels;
}

bool is_network_file(const fs::path& path) {
  return path.extension() == ".th" || path.extension() == ".safetensors";
}

// Regular files and folders in `folder` by name; none if it does not exist.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// The networks of the model as files of their own; empty unless all are there.
std::vector<fs::path> files_by_signature(const fs::path& folder, const PublishedModel& model) {
  const std::vector<fs::path> entries = entries_of(folder);
  std::vector<fs::path> files;
  for (const std::string_view signature : model.networks) {
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const fs::path& path) {
      return is_network_file(path) && path.filename().string().starts_with(signature);
    });
    if (found == entries.end()) return {};
    files.push_back(*found);
  }
  return files;
}

bool holds_network(const fs::path& folder) {
  const std::vector<fs::path> entries = entries_of(folder);
  return std::any_of(entries.begin(), entries.end(), is_network_file);
}

std::vector<fs::path> find_in(const fs::path& home, const PublishedModel& model) {
  const std::string name(model.name);
  std::error_code error;
  for (const fs::path& folder : {home / name, home}) {
    if (auto files = files_by_signature(folder, model); !files.empty()) return files;
  }
  if (fs::is_directory(home / name, error) && holds_network(home / name)) return {home / name};
  for (const char* const ending : {".safetensors", ".th"}) {
    if (fs::is_regular_file(home / (name + ending), error)) return {home / (name + ending)};
  }
  for (const fs::path& snapshot : entries_of(home / model.hub_folder / "snapshots")) {
    if (auto files = files_by_signature(snapshot, model); !files.empty()) return files;
  }
  return {};
}

std::optional<StemModelFiles> find_published(const PublishedModel& model,
                                             std::span<const fs::path> folders) {
  for (const fs::path& folder : folders) {
    for (const fs::path& home : {folder / "demucs", folder}) {
      auto files = find_in(home, model);
      if (!files.empty()) return StemModelFiles{std::string(model.name), std::move(files)};
    }
  }
  return std::nullopt;
}

std::string folder_list(std::span<const fs::path> folders) {
  std::string text;
  for (const fs::path& folder : folders) text += (text.empty() ? "" : ", ") + folder.string();
  return text.empty() ? "no folder" : text;
}

}  // namespace

std::vector<std::string_view> stem_model_names() {
  std::vector<std::string_view> names;
  for (const PublishedModel& model : published_models()) names.push_back(model.name);
  return names;
}

StemModelFiles find_stem_model(const std::string& model, std::span<const fs::path> folders) {
  const auto& models = published_models();
  const auto published = std::find_if(
      models.begin(), models.end(), [&](const auto& row) { return row.name == model; });
  if (published != models.end()) {
    if (auto found = find_published(*published, folders)) return *std::move(found);
    throw Error(ErrorCode::NotFound,
                str("stems: the model '",
                    model,
                    "' is in none of: ",
                    folder_list(folders),
                    "; put ",
                    published->networks.front(),
                    "*.th or .safetensors of the Demucs project",
                    published->networks.size() > 1 ? " and its companions" : "",
                    " into a folder '",
                    model,
                    "' there, or name a file with --model"));
  }
  std::error_code error;
  if (fs::exists(model, error)) return {fs::path(model).stem().string(), {fs::path(model)}};
  throw Error(ErrorCode::NotFound,
              str("stems: the model '",
                  model,
                  "' is no file, no folder and none of htdemucs, htdemucs_ft, htdemucs_6s"));
}

std::vector<StemModelFiles> list_stem_models(std::span<const fs::path> folders) {
  std::vector<StemModelFiles> found;
  for (const PublishedModel& model : published_models()) {
    if (auto files = find_published(model, folders)) found.push_back(*std::move(files));
  }
  return found;
}

}  // namespace ams
