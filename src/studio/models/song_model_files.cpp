#include "studio/models/song_model_files.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "studio/models/model_list.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

// Published variants, best first; what is not listed comes behind, the built-in model last.
int64_t rank_of(const std::string& name) {
  constexpr std::string_view kBest[] = {"xl-sft", "xl-turbo", "xl-base", "-sft", "-turbo", "-base"};
  int64_t rank = 0;
  for (const std::string_view part : kBest) {
    if (name.find(part) != std::string::npos) return rank;
    ++rank;
  }
  return is_built_in(name) ? rank + 1 : rank;
}

int64_t planner_rank(const std::string& name) {
  if (name.find("1.7B") != std::string::npos) return 0;  // the default of the official program
  if (name.find("4B") != std::string::npos) return 1;
  return 2;
}

std::string folder_list(std::span<const fs::path> folders) {
  std::string text;
  for (const fs::path& folder : folders) text += (text.empty() ? "" : ", ") + folder.string();
  return text.empty() ? "no folder" : text;
}

bool inside(const fs::path& entry, const fs::path& folder) {
  const fs::path relative = entry.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

// Entries of one role with weights, the nearest to `home` first, then by `rank`.
std::vector<ModelEntry> candidates(const std::vector<ModelEntry>& entries,
                                   ModelRole role,
                                   const fs::path& home,
                                   const std::function<int64_t(const std::string&)>& rank) {
  std::vector<ModelEntry> found;
  for (const ModelEntry& entry : entries) {
    if (entry.role == role && entry.weight_bytes > 0) found.push_back(entry);
  }
  std::stable_sort(found.begin(), found.end(), [&](const ModelEntry& a, const ModelEntry& b) {
    const bool a_near = !home.empty() && inside(a.folder, home);
    const bool b_near = !home.empty() && inside(b.folder, home);
    if (a_near != b_near) return a_near;
    return rank(a.name) < rank(b.name);
  });
  return found;
}

int64_t config_value(const fs::path& folder, const char* key, int64_t fallback) {
  const fs::path path = folder / "config.json";
  return read_file_values(path.string(), [&] { return Json::parse_file(path).get(key, fallback); });
}

bool is_called(const ModelEntry& song, const std::string& model) {
  return song.name == model || song.folder.parent_path().filename() == model ||
         song.name == "acestep-v15-" + model;
}

fs::path find_dit(const std::string& model,
                  const std::vector<ModelEntry>& entries,
                  std::span<const fs::path> folders) {
  const std::vector<ModelEntry> songs = candidates(entries, ModelRole::Song, {}, rank_of);
  for (const ModelEntry& song : songs) {
    if (model.empty() || is_called(song, model)) return song.folder;
  }
  std::string known;
  for (const ModelEntry& song : songs) known += (known.empty() ? "" : ", ") + song.name;
  if (known.empty()) known = "none";
  throw Error(ErrorCode::NotFound,
              str("models: ",
                  model.empty() ? "no song model" : "'" + model + "' is not",
                  " in ",
                  folder_list(folders),
                  "; installed are: ",
                  known,
                  "; `ams models` lists them"));
}

// The nearest companion whose config value fits.
fs::path find_companion(const std::vector<ModelEntry>& entries,
                        ModelRole role,
                        const fs::path& home,
                        bool for_built_in,
                        const char* key,
                        int64_t wanted) {
  int64_t other = -1;
  for (const ModelEntry& entry :
       candidates(entries, role, home, [](const std::string&) { return int64_t{0}; })) {
    if (is_built_in(entry.folder) != for_built_in) continue;
    const int64_t value = config_value(entry.folder, key, wanted);
    if (value == wanted) return entry.folder;
    other = value;
  }
  const std::string seen = other < 0 ? "none was found" : str("the one found has ", other);
  throw Error(ErrorCode::NotFound,
              str("models: the song model needs a ",
                  model_role_name(role),
                  " with '",
                  key,
                  "' ",
                  wanted,
                  "; ",
                  seen,
                  "; put its folder beside the model's"));
}

}  // namespace

bool is_built_in(const fs::path& folder) { return folder.filename().string().ends_with("-demo"); }

SongModelFiles find_song_model(const std::string& model,
                               const std::string& planner,
                               std::span<const fs::path> folders) {
  std::vector<fs::path> searched(folders.begin(), folders.end());
  SongModelFiles files;
  std::error_code ignored;
  if (!model.empty() && fs::is_directory(model, ignored)) {
    const fs::path folder = fs::canonical(model);
    const bool is_checkpoint = fs::exists(folder / "config.json");
    searched.insert(searched.begin(), is_checkpoint ? folder.parent_path() : folder);
    const std::vector<ModelEntry> own = list_models(std::vector<fs::path>{folder});
    files.dit = find_dit(is_checkpoint ? folder.filename().string() : "", own, {&folder, 1});
  }
  const std::vector<ModelEntry> entries = list_models(searched);
  if (files.dit.empty()) files.dit = find_dit(model, entries, searched);
  const fs::path home = files.dit.parent_path();
  files.name = model_name(files.dit);
  const bool built_in = is_built_in(files.dit);
  if (built_in) files.name = "demo";
  const int64_t channels = config_value(files.dit, "audio_acoustic_hidden_dim", 64);
  const int64_t text_width = config_value(files.dit, "text_hidden_dim", 1024);
  files.vae =
      find_companion(entries, ModelRole::Vae, home, built_in, "decoder_input_channels", channels);
  files.text_encoder =
      find_companion(entries, ModelRole::TextEncoder, home, built_in, "hidden_size", text_width);
  for (const ModelEntry& entry : candidates(entries, ModelRole::Planner, home, planner_rank)) {
    const bool is_named = entry.name == planner || entry.name == "acestep-5Hz-lm-" + planner;
    if (!planner.empty() && !is_named) continue;
    if (is_built_in(entry.folder) != built_in) continue;
    files.planner = entry.folder;
    break;
  }
  if (!planner.empty() && !files.planner) {
    throw Error(ErrorCode::NotFound,
                str("models: the planner '", planner, "' is not in ", folder_list(searched)));
  }
  return files;
}

bool has_song_model(const std::string& model, std::span<const fs::path> folders) {
  const std::vector<ModelEntry> songs =
      candidates(list_models(folders), ModelRole::Song, {}, rank_of);
  return std::any_of(
      songs.begin(), songs.end(), [&](const ModelEntry& song) { return is_called(song, model); });
}

}  // namespace ams
