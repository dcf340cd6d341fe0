#include "studio/lora/lora_choice.h"

#include <set>
#include <utility>

#include "base/error.h"
#include "base/sha256.h"
#include "base/str.h"
#include "studio/lora/lora_presets.h"
#include "studio/models/model_downloads.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr double kDefaultStrength = 0.95;

// The folder of a preset may have its name or that of its repository, or be a snapshot of a cache.
fs::path find_preset(const LoraPreset& preset, std::span<const fs::path> folders) {
  const std::string repository(preset.hf_id.substr(preset.hf_id.rfind('/') + 1));
  std::string looked_in;
  for (const fs::path& folder : folders) {
    for (const fs::path& home : {folder / "loras", folder}) {
      for (const std::string& name : {std::string(preset.name), repository}) {
        if (fs::exists(home / name / preset.filename)) return home / name;
      }
      looked_in += str(looked_in.empty() ? "" : ", ", home.string());
    }
    HubOptions options;
    options.cache = folder;
    const LocalItem cached = find_local(lora_repository(preset), options);
    if (cached.is_complete) return cached.folder;
  }
  throw Error(ErrorCode::NotFound,
              str("lora: preset '",
                  preset.name,
                  "' is in none of: ",
                  looked_in,
                  "; `ams pull \"",
                  preset.name,
                  "\"` fetches it"));
}

double strength_of(const LoraChoice& choice) {
  if (choice.strength) return *choice.strength;
  const LoraPreset* const preset = find_lora_preset(choice.name);
  return preset != nullptr ? preset->default_scale : kDefaultStrength;
}

}  // namespace

fs::path find_lora(const std::string& name, std::span<const fs::path> folders) {
  if (fs::exists(name)) return name;
  const LoraPreset* const preset = find_lora_preset(name);
  if (preset == nullptr) {
    throw Error(ErrorCode::NotFound,
                str("lora: '", name, "' is neither a file or folder nor a preset"));
  }
  if (!preset->fits_this_program) {
    throw Error(ErrorCode::Unsupported,
                str("lora: preset '",
                    preset->name,
                    "' was made for ",
                    preset->made_for,
                    "; it has no place in an ACE-Step 1.5 model"));
  }
  return find_preset(*preset, folders);
}

std::vector<LoraUse> LoraShelf::open(std::span<const LoraChoice> choices,
                                     std::span<const fs::path> folders) {
  std::map<fs::path, Entry> kept;
  std::vector<LoraUse> uses;
  for (const LoraChoice& choice : choices) {
    const fs::path path = find_lora(choice.name, folders);
    if (kept.count(path) == 0) {
      const auto old = entries_.find(path);
      const bool is_same = old != entries_.end() && old->second.file != nullptr &&
                           fs::last_write_time(old->second.file->path) == old->second.changed;
      if (is_same) {
        kept[path] = old->second;
      } else {
        const std::shared_ptr<const LoraFile> file = open_lora(path);
        kept[path] = {fs::last_write_time(file->path), file, {}};
      }
    }
    uses.push_back({kept[path].file, strength_of(choice)});
  }
  entries_ = std::move(kept);
  return uses;
}

std::vector<SongLora> LoraShelf::report(std::span<const LoraChoice> choices,
                                        std::span<const LoraUse> uses,
                                        std::span<const LoraOutcome> outcomes) {
  std::vector<SongLora> loras;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const LoraFile& file = *uses[i].file;
    SongLora lora;
    lora.name = choices[i].name;
    lora.kind = find_lora_preset(choices[i].name) != nullptr ? "preset" : "custom";
    lora.scale = outcomes[i].strength;
    lora.rank = file.rank;
    lora.alpha = file.alpha;
    lora.modules_applied = outcomes[i].modules_applied;
    for (auto& [path, entry] : entries_) {
      if (entry.file != uses[i].file) continue;
      if (entry.sha256.empty()) entry.sha256 = sha256_of_file(file.path);
      lora.sha256 = entry.sha256;
    }
    loras.push_back(std::move(lora));
  }
  return loras;
}

}  // namespace ams
