#include "studio/studio_survey.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <utility>

#include "base/error.h"
#include "nets/acestep_config.h"
#include "studio/engine_precision.h"
#include "studio/models/lyrics_model_files.h"
#include "studio/models/memory_needs.h"
#include "studio/models/model_list.h"
#include "studio/models/song_model_files.h"
#include "tensor/device.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

std::string_view variant_name(ModelKind kind) {
  switch (kind) {
    case ModelKind::Sft:
      return "sft";
    case ModelKind::Base:
      return "base";
    case ModelKind::Turbo:
      return "turbo";
  }
  return "";
}

std::optional<ModelKind> kind_in(const fs::path& folder) {
  try {
    return AceStepConfig::load(folder).kind;
  } catch (const Error&) {
    return std::nullopt;  // opening the model gives the reason
  }
}

size_t weight_bytes_in(const fs::path& folder) {
  size_t bytes = 0;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string ending = entry.path().extension().string();
    if (ending != ".safetensors" && ending != ".gguf") continue;
    const std::uintmax_t size = entry.file_size(error);
    if (!error) bytes += size;
  }
  return bytes;
}

// Of all weights as they will be in memory: published fp32 files take half of their size. Files
// that cannot be read count as they lie on the disk; opening the model gives the reason.
size_t bytes_in_memory(const SongModelFiles& files, Precision precision) {
  try {
    const auto device = Device::open({.name = "cpu", .threads = 1});
    const auto weights = measure_weights(files, *device, precision);
    return std::accumulate(weights.begin(), weights.end(), size_t{0});
  } catch (const Error&) {
    size_t bytes = files.planner ? weight_bytes_in(*files.planner) : 0;
    for (const fs::path& folder : {files.dit, files.vae, files.text_encoder}) {
      bytes += weight_bytes_in(folder);
    }
    return bytes;
  }
}

void add_model(EngineSurvey& survey, const SongModelFiles& files, Precision precision) {
  survey.facts.model = files.name;
  survey.is_built_in = is_built_in(files.dit);
  survey.facts.has_planner = files.planner.has_value();
  survey.defaults = sampling_defaults(kind_in(files.dit).value_or(ModelKind::Sft));
  survey.needed_bytes = bytes_in_memory(files, precision);
}

}  // namespace

EngineSurvey survey_engine(const EngineOptions& options) {
  EngineSurvey survey;
  const DeviceInfo device = Device::describe({options.device});
  survey.facts.device = device_kind_name(device.kind);
  survey.facts.device_name = device.name;
  survey.facts.precision = precision_name(precision_of(options.quant));
  survey.device_bytes = device.memory_total;
  survey.free_bytes = device.memory_free;
  // ggml's CPU device counts all of the memory as free.
  if (const size_t available = free_ram_bytes(); device.kind == DeviceKind::Cpu && available > 0) {
    survey.free_bytes = std::min(survey.free_bytes, available);
  }
  survey.defaults = sampling_defaults(ModelKind::Sft);
  try {
    add_model(survey,
              find_song_model(options.model, options.planner, options.model_folders),
              precision_of(options.quant));
    return survey;
  } catch (const Error& error) {
    survey.missing = error.what();
    const bool is_named = !options.model.empty() || !options.planner.empty();
    if (is_named || options.test_models.empty()) return survey;
  }
  try {
    add_model(survey,
              find_song_model("", /*planner=*/"", std::vector{options.test_models}),
              precision_of(options.quant));
    survey.is_test_model = true;
  } catch (const Error&) {
    return survey;  // `missing` already says what to do
  }
  return survey;
}

std::optional<LyricsSurvey> survey_lyrics(EngineOptions options) {
  const fs::path test_models = std::exchange(options.test_models, {});
  for (const bool is_test : {false, true}) {
    if (is_test && (test_models.empty() || !options.model.empty())) return std::nullopt;
    if (is_test) options.model_folders = {test_models};
    try {
      const LyricsModelFiles files = find_lyrics_model(options.model, options.model_folders);
      return LyricsSurvey{files.name, options, weight_bytes_in(files.folder)};
    } catch (const Error&) {
      continue;  // a studio without lyrics is one, too
    }
  }
  return std::nullopt;
}

std::vector<StudioModel> survey_models(std::span<const fs::path> folders,
                                       const fs::path& test_models) {
  // Parts of song models are not chosen by name, and adapters have a list of their own.
  constexpr std::array kUnlisted{ModelRole::TextEncoder, ModelRole::Vae, ModelRole::Lora};
  std::vector<StudioModel> models;
  const auto add_those_in = [&](std::span<const fs::path> where, bool is_test) {
    for (const ModelEntry& entry : list_models(where)) {
      if (std::count(kUnlisted.begin(), kUnlisted.end(), entry.role) > 0) continue;
      StudioModel model{.name = entry.name,
                        .kind = std::string(model_role_name(entry.role)),
                        .bytes = entry.weight_bytes,
                        .is_test = is_test,
                        .is_built_in = is_built_in(entry.folder)};
      if (entry.role == ModelRole::Song) {
        if (model.is_built_in) model.name = "demo";  // as find_song_model() calls it
        if (const auto kind = kind_in(entry.folder)) model.variant = variant_name(*kind);
      }
      models.push_back(std::move(model));
    }
  };
  add_those_in(folders, false);
  const bool has_song = std::any_of(
      models.begin(), models.end(), [](const StudioModel& each) { return each.kind == "song"; });
  if (!has_song && !test_models.empty()) add_those_in(std::vector{test_models}, true);
  return models;
}

}  // namespace ams
