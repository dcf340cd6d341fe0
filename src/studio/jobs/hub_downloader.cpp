#include "studio/jobs/hub_downloader.h"

#include <algorithm>
#include <set>
#include <span>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "hub/numbered_files.h"
#include "studio/models/lyrics_model_files.h"
#include "studio/models/model_list.h"
#include "studio/models/song_model_files.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

// Of an adapter: it may lie there under its own name or under the one of its repository.
bool is_named(const ModelEntry& entry, const ModelDownload& download) {
  if (download.kind != "lora") return entry.name == download.folder;
  const auto& repository = std::get<RepositoryFiles>(download.items.front()).repository;
  return entry.name == download.name || entry.name == repository.substr(repository.find('/') + 1);
}

// Weights in several files come one after the other.
bool is_whole(const fs::path& folder) {
  std::set<std::string> names;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    names.insert(entry.path().filename().string());
  }
  return has_all_parts(names);
}

bool is_listed(const ModelDownload& download, ModelRole role, std::span<const fs::path> folders) {
  const std::vector<ModelEntry> entries = list_models(folders);
  return std::any_of(entries.begin(), entries.end(), [&](const ModelEntry& entry) {
    if (entry.role != role || entry.weight_bytes == 0) return false;
    return role == ModelRole::Stems || (is_named(entry, download) && is_whole(entry.folder));
  });
}

bool is_usable_song(const std::string& name, std::span<const fs::path> folders) {
  const SongModelFiles files = find_song_model(name, /*planner=*/"", folders);
  return is_whole(files.dit) && is_whole(files.vae) && is_whole(files.text_encoder);
}

// As a job would find it, whoever put it there.
bool is_usable(const ModelDownload& download, std::span<const fs::path> folders) {
  if (download.kind == "lora") return is_listed(download, ModelRole::Lora, folders);
  if (download.kind == "stems") return is_listed(download, ModelRole::Stems, folders);
  if (download.kind == "planner") return is_listed(download, ModelRole::Planner, folders);
  try {
    if (download.kind == "song") return is_usable_song(download.folder, folders);
    if (download.kind == "lyrics") {
      return is_whole(find_lyrics_model(download.folder, folders).folder);
    }
  } catch (const Error&) {
    // Whatever is wrong with it, fetching it is the answer.
  }
  return false;
}

}  // namespace

HubDownloader::HubDownloader(HubOptions options, std::vector<fs::path> folders)
    : options_(std::move(options)), folders_(std::move(folders)) {}

bool HubDownloader::is_present(const std::string& name) const {
  const ModelDownload download = find_model_download(name);
  return find_downloaded(download, options_).is_complete || is_usable(download, folders_);
}

std::vector<DownloadOffer> HubDownloader::offers() const {
  std::vector<DownloadOffer> offers;
  if (options_.offline) return offers;
  for (const ModelDownload& download : model_downloads()) {
    const bool is_there =
        find_downloaded(download, options_).is_complete || is_usable(download, folders_);
    if (download.kind == "lora" || is_there) continue;
    offers.push_back({.name = download.folder,
                      .kind = download.kind,
                      .variant = download.variant,
                      .bytes = download.bytes});
  }
  return offers;
}

void HubDownloader::fetch(const std::string& name, const DownloadContext& context) {
  PullContext pull_context;
  pull_context.stop = context.stop;
  pull_context.progress = [&context](const PullProgress& progress) {
    context.progress({.component = progress.component,
                      .bytes = progress.bytes,
                      .total = progress.total,
                      .bytes_per_second = progress.bytes_per_second,
                      .seconds_left = progress.seconds_left});
  };
  download_model(find_model_download(name), /*revision=*/"", options_, pull_context);
}

}  // namespace ams
