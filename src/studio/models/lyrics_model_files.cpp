#include "studio/models/lyrics_model_files.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "base/text_file.h"
#include "studio/models/model_list.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxTemplateBytes = size_t{16} << 20;
constexpr std::string_view kInstall =
    "`ams pull lyrics` installs Qwen2.5-7B-Instruct; --model names another folder with a Qwen2.5 "
    "or Qwen3 chat model";

// The default of the product first, then by size: the weights tell how much a model can do.
bool is_better(const ModelEntry& a, const ModelEntry& b) {
  const auto is_default = [](const ModelEntry& entry) {
    return entry.name.find("Qwen2.5-7B-Instruct") != std::string::npos;
  };
  if (is_default(a) != is_default(b)) return is_default(a);
  return a.weight_bytes > b.weight_bytes;
}

std::string listed(const std::vector<std::string>& names, const char* if_none) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? if_none : text;
}

// Whether the checkpoint's chat template has the switch by which reasoning is turned off; the
// models that have it reason by default. The template is searched, never run.
bool closes_reasoning(const fs::path& folder) {
  for (const char* name : {"chat_template.jinja", "tokenizer_config.json"}) {
    std::error_code ignored;
    if (!fs::is_regular_file(folder / name, ignored)) continue;
    const std::string text = read_text_file(folder / name, kMaxTemplateBytes);
    if (text.find("enable_thinking") != std::string::npos) return true;
  }
  return false;
}

}  // namespace

LyricsModelFiles find_lyrics_model(const std::string& model, std::span<const fs::path> folders) {
  std::error_code ignored;
  if (!model.empty() && fs::is_regular_file(fs::path(model) / "config.json", ignored)) {
    const fs::path folder = fs::canonical(model);
    return {folder.filename().string(), folder, closes_reasoning(folder)};
  }
  std::vector<ModelEntry> known;
  for (const ModelEntry& entry : list_models(folders)) {
    if (entry.role == ModelRole::Lyrics && entry.weight_bytes > 0) known.push_back(entry);
  }
  std::stable_sort(known.begin(), known.end(), is_better);
  for (const ModelEntry& entry : known) {
    if (model.empty() || entry.name == model) {
      return {entry.name, entry.folder, closes_reasoning(entry.folder)};
    }
  }
  std::vector<std::string> names;
  for (const ModelEntry& entry : known) names.push_back(entry.name);
  std::vector<std::string> places;
  std::transform(
      folders.begin(), folders.end(), std::back_inserter(places), [](const fs::path& at) {
        return at.string();
      });
  throw Error(ErrorCode::NotFound,
              str("models: ",
                  model.empty() ? "no lyrics model is" : "the lyrics model '" + model + "' is not",
                  " in ",
                  listed(places, "any folder"),
                  "; installed are: ",
                  listed(names, "none"),
                  "; ",
                  kInstall));
}

}  // namespace ams
