#include "studio/jobs/hub_downloader.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/error.h"
#include "studio/models/lyrics_model_files.h"
#include "studio/models/model_list.h"
#include "studio/models/song_model_files.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

// "acestep-v15-xl-sft" of "ACE-Step/acestep-v15-xl-sft"; in the umbrella, the first folder.
std::string model_name(const ModelDownload& download) {
  const auto& files = std::get<RepositoryFiles>(download.items.front());
  const std::string name = files.repository.substr(files.repository.find('/') + 1);
  const bool is_part =
      !files.patterns.empty() && files.patterns.front().find('/') != std::string::npos;
  return is_part ? files.patterns.front().substr(0, files.patterns.front().find('/')) : name;
}

bool is_listed(const ModelDownload& download, ModelRole role, std::span<const fs::path> folders) {
  const std::vector<ModelEntry> entries = list_models(folders);
  return std::any_of(entries.begin(), entries.end(), [&](const ModelEntry& entry) {
    if (entry.role != role || entry.weight_bytes == 0) return false;
    return role != ModelRole::Lora || entry.name == download.name ||
           entry.name == model_name(download);
  });
}

// As a job would find it, whoever put it there.
bool is_usable(const ModelDownload& download, std::span<const fs::path> folders) {
  if (download.kind == "lora") return is_listed(download, ModelRole::Lora, folders);
  if (download.kind == "stems") return is_listed(download, ModelRole::Stems, folders);
  try {
    if (download.kind == "song") {
      find_song_model(model_name(download), /*planner=*/"", folders);
      return true;
    }
    if (download.kind == "lyrics") {
      find_lyrics_model(model_name(download), folders);
      return true;
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

void HubDownloader::fetch(const std::string& name, const DownloadContext& context) {
  PullContext pull_context;
  pull_context.stop = context.stop;
  pull_context.progress = [&context](const PullProgress& progress) {
    context.progress({.component = progress.component,
                      .bytes = progress.bytes,
                      .total = progress.total,
                      .seconds_left = progress.seconds_left});
  };
  download_model(find_model_download(name), /*revision=*/"", options_, pull_context);
}

}  // namespace ams
