#include "studio/models/model_uses.h"

#include <algorithm>

#include "base/error.h"
#include "base/str.h"
#include "studio/models/lyrics_model_files.h"
#include "studio/models/model_list.h"
#include "studio/models/song_model_files.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

void add_song_and_planner(std::span<const fs::path> folders,
                          const std::vector<ModelEntry>& entries,
                          std::vector<ModelUse>& uses) {
  ModelUse song{.job = "song"};
  ModelUse planner{.job = "planner"};
  try {
    const SongModelFiles files = find_song_model("", "", folders);
    song.model = files.name;
    song.folders = {files.dit, files.vae, files.text_encoder};
    if (is_built_in(files.dit)) song.note = str(kBuiltInModel, "; ", kGetFullModel);
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

ModelUse lyrics_use(std::span<const fs::path> folders) {
  try {
    const LyricsModelFiles files = find_lyrics_model("", folders);
    return {.job = "lyrics", .model = files.name, .folders = {files.folder}};
  } catch (const Error&) {
    return {.job = "lyrics", .missing = "`ams pull lyrics`"};
  }
}

ModelUse stems_use(const std::vector<ModelEntry>& entries) {
  const auto found = std::find_if(entries.begin(), entries.end(), [](const ModelEntry& entry) {
    return entry.role == ModelRole::Stems && entry.weight_bytes > 0;
  });
  if (found == entries.end()) return {.job = "stems", .missing = "`ams pull stems`"};
  return {.job = "stems", .model = found->name, .folders = {found->folder}};
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
  uses.push_back(lyrics_use(folders));
  uses.push_back(stems_use(entries));
  return uses;
}

}  // namespace ams
