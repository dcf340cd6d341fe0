#include "studio/models/model_uses.h"

#include <algorithm>

#include "base/error.h"
#include "base/str.h"
#include "studio/models/model_list.h"
#include "studio/models/song_model_files.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDefaultLyricsModel = "Qwen2.5-7B-Instruct";

void add_song_and_planner(std::span<const fs::path> folders,
                          const std::vector<ModelEntry>& entries,
                          std::vector<ModelUse>& uses) {
  ModelUse song{.job = "song"};
  ModelUse planner{.job = "planner"};
  try {
    const SongModelFiles files = find_song_model("", "", folders);
    song.model = files.name;
    song.folders = {files.dit, files.vae, files.text_encoder};
    if (files.planner) {
      planner.model = files.planner->filename().string();
      planner.folders = {*files.planner};
    }
  } catch (const Error& error) {
    // Something is there, but a part of it is missing: the message says which.
    const bool has_song = std::any_of(entries.begin(), entries.end(), [](const ModelEntry& entry) {
      return entry.role == ModelRole::Song && entry.weight_bytes > 0;
    });
    song.missing = "`ams pull xl-sft` gets the best one, `ams pull turbo` a small one";
    if (has_song) song.missing = str(error.what(), "; or ", song.missing);
  }
  if (planner.model.empty()) planner.missing = "`ams pull planner-1.7b`; songs are made without";
  uses.push_back(song);
  uses.push_back(planner);
}

// The default one if it is there, else the largest.
bool is_better(const ModelEntry& a, const ModelEntry& b) {
  const bool a_is_default = a.name == kDefaultLyricsModel;
  const bool b_is_default = b.name == kDefaultLyricsModel;
  if (a_is_default != b_is_default) return a_is_default;
  return a.weight_bytes > b.weight_bytes;
}

ModelUse use_of(const std::string& job,
                const std::string& missing,
                ModelRole role,
                const std::vector<ModelEntry>& entries) {
  const ModelEntry* best = nullptr;
  for (const ModelEntry& entry : entries) {
    if (entry.role != role || entry.weight_bytes == 0) continue;
    if (best == nullptr || (role == ModelRole::Lyrics && is_better(entry, *best))) best = &entry;
  }
  if (best == nullptr) return {.job = job, .missing = missing};
  return {.job = job, .model = best->name, .folders = {best->folder}};
}

}  // namespace

std::vector<ModelUse> model_uses(std::span<const fs::path> folders) {
  const std::vector<ModelEntry> entries = list_models(folders);
  std::vector<ModelUse> uses;
  add_song_and_planner(folders, entries, uses);
  // In a Hub cache models are known by their repository, not by the folder of the commit.
  for (ModelUse& use : uses) {
    for (const ModelEntry& entry : entries) {
      if (!use.folders.empty() && entry.folder == use.folders.front()) use.model = entry.name;
    }
  }
  uses.push_back(use_of("lyrics", "`ams pull lyrics`", ModelRole::Lyrics, entries));
  uses.push_back(use_of("stems", "`ams pull stems`", ModelRole::Stems, entries));
  return uses;
}

}  // namespace ams
