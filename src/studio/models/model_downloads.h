// What can be downloaded by name: song models, planners, the lyrics model, the stem separator and
// LoRA presets. The door to the network for the command line and the job engine.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hub/pull.h"

namespace ams {

struct LoraPreset;

struct ModelDownload {
  std::string name;       // "xl-sft", "lyrics", "Chinese New Year"
  std::string kind;       // "song", "planner", "lyrics", "stems", "lora", "repository"
  std::string help;       // one short sentence
  std::string variant{};  // of song models: "sft", "turbo", "base"
  std::string folder{};   // that it is listed as once it is here: "acestep-v15-xl-sft"
  int64_t bytes = 0;      // about; 0: not known before it is asked for
  std::vector<PullItem> items{};
};

// Every download that has a name, in the order in which they are shown. Thread-safe.
std::vector<ModelDownload> model_downloads();

// By name, LoRA preset ("Chinese New Year" or its repository), or any "org/repository".
// Throws NotFound that lists the names, Unsupported for a preset of another model.
ModelDownload find_model_download(std::string_view name);

// What a studio works with: a song model, planner, lyrics model or stem separator, by its name or
// the one of its folder; adapters and other repositories are not. Throws NotFound that lists them.
ModelDownload find_studio_download(std::string_view name);

// Fetches a download with everything it needs; see pull() for errors, threads and progress.
// `revision`: of its first repository; empty: the newest.
std::vector<PulledItem> download_model(const ModelDownload& download,
                                       std::string_view revision,
                                       const HubOptions& options,
                                       const PullContext& context);

// What is on this machine of it, by looking at the disk only.
struct LocalDownload {
  int64_t bytes = 0;         // of its files, also of unfinished ones
  bool is_complete = false;  // nothing would have to be fetched
};

// Never touches the network. Thread-safe.
LocalDownload find_downloaded(const ModelDownload& download, const HubOptions& options);

// The files of an adapter that the studio offers by name.
RepositoryFiles lora_repository(const LoraPreset& preset);

}  // namespace ams
