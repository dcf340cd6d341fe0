#include "studio/models/model_downloads.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.h"
#include "base/str.h"
#include "studio/lora/lora_presets.h"

namespace ams {
namespace {

constexpr const char* kUmbrella = "ACE-Step/Ace-Step1.5";
// Sizes of the weights with their small files.
constexpr int64_t kXlBytes = 19'953'000'000;  // fp32
constexpr int64_t kSmallBytes = 4'792'000'000;
constexpr int64_t kCompanionBytes = 5'270'000'000;  // VAE, text encoder, planner 1.7B

struct SongRow {
  const char* name;
  const char* variant;
  const char* repository;  // empty: a folder of the umbrella
  int64_t bytes;
  const char* help;
};

constexpr std::array<SongRow, 9> kSongs{{
    {"xl-sft", "sft", "ACE-Step/acestep-v15-xl-sft", kXlBytes, "best songs; the default"},
    {"xl-turbo", "turbo", "ACE-Step/acestep-v15-xl-turbo", kXlBytes, "8 steps, large"},
    {"xl-base",
     "base",
     "ACE-Step/acestep-v15-xl-base",
     kXlBytes,
     "large, for adapters and experiments"},
    {"sft", "sft", "ACE-Step/acestep-v15-sft", kSmallBytes, "good songs on small machines"},
    {"turbo", "turbo", "", kSmallBytes, "8 steps, the fastest"},
    {"base", "base", "ACE-Step/acestep-v15-base", kSmallBytes, "for adapters and experiments"},
    {"turbo-shift1", "turbo", "ACE-Step/acestep-v15-turbo-shift1", kSmallBytes, "8 steps, shift 1"},
    {"turbo-shift3", "turbo", "ACE-Step/acestep-v15-turbo-shift3", kSmallBytes, "8 steps, shift 3"},
    {"turbo-continuous",
     "turbo",
     "ACE-Step/acestep-v15-turbo-continuous",
     kSmallBytes,
     "8 steps, any shift from 1 to 5"},
}};

std::string base_name(const std::string& repository) {
  return repository.substr(repository.find('/') + 1);
}

// The files of a network in a folder of the umbrella.
void add_folder(RepositoryFiles& files, const std::string& folder) {
  files.patterns.push_back(folder + "/*");
  files.required.push_back(folder + "/config.json");
  files.required.push_back(folder + "/*.safetensors");
}

RepositoryFiles checkpoint(const std::string& repository) {
  return {.repository = repository,
          .patterns = {"*.json", "*.safetensors", "*.pt", "*.txt", "*.jinja"},
          .required = {"config.json", "*.safetensors"}};
}

ModelDownload song_download(const SongRow& row) {
  ModelDownload download{.name = row.name,
                         .kind = "song",
                         .help = row.help,
                         .variant = row.variant,
                         .folder = str("acestep-v15-", row.name),
                         .bytes = row.bytes + kCompanionBytes};
  RepositoryFiles umbrella{.repository = kUmbrella};
  const bool is_in_umbrella = *row.repository == '\0';
  if (is_in_umbrella) {
    add_folder(umbrella, "acestep-v15-turbo");
  } else {
    RepositoryFiles song = checkpoint(row.repository);
    song.required.emplace_back("silence_latent.pt");
    download.items.emplace_back(song);
  }
  for (const char* folder : {"vae", "Qwen3-Embedding-0.6B", "acestep-5Hz-lm-1.7B"}) {
    add_folder(umbrella, folder);
  }
  download.items.emplace_back(umbrella);
  return download;
}

// A repository that is one model, listed under its own name.
ModelDownload whole_repository(ModelDownload download, const std::string& repository) {
  download.folder = base_name(repository);
  download.items = {checkpoint(repository)};
  return download;
}

void add_planners(std::vector<ModelDownload>& downloads) {
  RepositoryFiles umbrella{.repository = kUmbrella};
  add_folder(umbrella, "acestep-5Hz-lm-1.7B");
  downloads.push_back({.name = "planner-1.7b",
                       .kind = "planner",
                       .help = "the default planner; comes with every song model",
                       .folder = "acestep-5Hz-lm-1.7B",
                       .bytes = 3'724'000'000,
                       .items = {umbrella}});
  downloads.push_back(whole_repository({.name = "planner-0.6b",
                                        .kind = "planner",
                                        .help = "the smallest planner",
                                        .bytes = 1'341'000'000},
                                       "ACE-Step/acestep-5Hz-lm-0.6B"));
  downloads.push_back(whole_repository({.name = "planner-4b",
                                        .kind = "planner",
                                        .help = "the largest planner",
                                        .bytes = 8'400'000'000},
                                       "ACE-Step/acestep-5Hz-lm-4B"));
}

void add_others(std::vector<ModelDownload>& downloads) {
  downloads.push_back(whole_repository({.name = "lyrics",
                                        .kind = "lyrics",
                                        .help = "Qwen2.5-7B-Instruct writes lyrics",
                                        .bytes = 15'243'000'000},
                                       "Qwen/Qwen2.5-7B-Instruct"));
  downloads.push_back(whole_repository({.name = "lyrics-3b",
                                        .kind = "lyrics",
                                        .help = "Qwen2.5-3B-Instruct, for small machines",
                                        .bytes = 6'183'000'000},
                                       "Qwen/Qwen2.5-3B-Instruct"));
  // Not on the Hub under this organisation, but on the file host of the research group.
  WebFile htdemucs{
      .url = "https://dl.fbaipublicfiles.com/demucs/hybrid_transformer/955717e8-8726e21a.th",
      .folder = "htdemucs",
      .name = "955717e8-8726e21a.th",
      .sha256 = "8726e21a993978c7ba086d3872e7608d7d5bfca646ca4aca459ffda844faa8b4",
      .bytes = 84'141'911};
  downloads.push_back({.name = "stems",
                       .kind = "stems",
                       .help = "HTDemucs takes songs apart into four stems",
                       .folder = htdemucs.folder,
                       .bytes = htdemucs.bytes,
                       .items = {htdemucs}});
}

ModelDownload repository_download(const std::string& repository) {
  return {
      .name = repository,
      .kind = "repository",
      .help = "models and adapters of a repository",
      .bytes = 0,
      .items = {RepositoryFiles{
          .repository = repository,
          .patterns = {
              "*.json", "*.safetensors", "*.gguf", "*.pt", "*.th", "*.txt", "*.jinja", "*.yaml"}}}};
}

[[noreturn]] void throw_unknown(std::string_view name,
                                std::string_view expected,
                                const std::vector<ModelDownload>& downloads) {
  std::string known;
  for (const ModelDownload& download : downloads) {
    known += str(known.empty() ? "" : ", ", download.name);
  }
  throw Error(ErrorCode::NotFound,
              str("models: nothing to download is called '",
                  name.substr(0, 200),
                  "', expected ",
                  expected,
                  known));
}

// "acestep-v15-xl-sft" also means "xl-sft".
bool is_called(const ModelDownload& download, std::string_view name) {
  if (name.empty()) return false;
  if (download.name == name || download.folder == name) return true;
  const auto* files = std::get_if<RepositoryFiles>(&download.items.front());
  if (files == nullptr || files->repository == kUmbrella) return false;
  return files->repository == name || base_name(files->repository) == name;
}

}  // namespace

RepositoryFiles lora_repository(const LoraPreset& preset) {
  RepositoryFiles files{.repository = std::string(preset.hf_id)};
  for (const std::string_view name : {preset.filename, preset.config}) {
    if (!name.empty()) files.patterns.emplace_back(name);
  }
  files.required = files.patterns;
  return files;
}

std::vector<ModelDownload> model_downloads() {
  std::vector<ModelDownload> downloads;
  for (const SongRow& row : kSongs) downloads.push_back(song_download(row));
  add_planners(downloads);
  add_others(downloads);
  for (const LoraPreset& preset : lora_presets()) {
    if (!preset.fits_this_program) continue;
    downloads.push_back({.name = std::string(preset.name),
                         .kind = "lora",
                         .help = str("adapter for ", preset.made_for),
                         .bytes = 0,
                         .items = {lora_repository(preset)}});
  }
  return downloads;
}

ModelDownload find_model_download(std::string_view name) {
  for (ModelDownload& download : model_downloads()) {
    if (is_called(download, name)) return std::move(download);
  }
  if (const LoraPreset* preset = find_lora_preset(name)) {
    throw Error(ErrorCode::Unsupported,
                str("lora: preset '",
                    preset->name,
                    "' was made for ",
                    preset->made_for,
                    "; it has no place in an ACE-Step 1.5 model"));
  }
  if (name.find('/') == std::string_view::npos) {
    throw_unknown(name, "ORG/NAME or one of: ", model_downloads());
  }
  return repository_download(std::string(name));
}

ModelDownload find_studio_download(std::string_view name) {
  std::vector<ModelDownload> downloads = model_downloads();
  std::erase_if(downloads, [](const ModelDownload& each) { return each.kind == "lora"; });
  const auto found = std::find_if(
      downloads.begin(), downloads.end(), [&](const auto& each) { return is_called(each, name); });
  if (found == downloads.end()) throw_unknown(name, "one of: ", downloads);
  return std::move(*found);
}

std::vector<PulledItem> download_model(const ModelDownload& download,
                                       std::string_view revision,
                                       const HubOptions& options,
                                       const PullContext& context) {
  std::vector<PullItem> items = download.items;
  if (auto* first = std::get_if<RepositoryFiles>(&items.front()); first && !revision.empty()) {
    first->revision = revision;
  } else if (!revision.empty()) {
    throw Error(
        ErrorCode::InvalidRequest,
        str("models: '", download.name, "' has one version only, revision is '", revision, "'"));
  }
  return pull(items, options, context);
}

LocalDownload find_downloaded(const ModelDownload& download, const HubOptions& options) {
  LocalDownload local{.is_complete = true};
  for (const PullItem& item : download.items) {
    const LocalItem found = find_local(item, options);
    local.bytes += found.bytes + found.unfinished_bytes;
    local.is_complete &= found.is_complete;
  }
  return local;
}

}  // namespace ams
