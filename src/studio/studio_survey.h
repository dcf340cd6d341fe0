// What a studio on this machine would work with, found without starting a device or loading
// anything: for the start-up summary, for /info before the first job, and for `ams doctor`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "studio/engine.h"
#include "studio/sampling_defaults.h"

namespace ams {

struct EngineSurvey {
  EngineFacts facts;          // device, precision, model; nothing of it is loaded
  size_t device_bytes = 0;    // memory of the device, or of the machine for a CPU
  size_t free_bytes = 0;      // of it now
  size_t needed_bytes = 0;    // of the model's weights in memory, all at the same time
  SamplingDefaults defaults;  // of the model
  bool is_test_model = false;
  bool is_built_in = false;
  std::string missing;  // why there is no model: what was looked for where; empty: there is one
};

// Throws InvalidRequest or NotFound for a device that is not there. Thread-safe.
EngineSurvey survey_engine(const EngineOptions& options);

// The lyrics model that there is.
struct LyricsSurvey {
  std::string name;
  EngineOptions options;  // to open its writer with
  size_t weight_bytes = 0;
};

// `options.model` names a lyrics model here; empty: the best one. Those of `options.test_models`
// stand in where there is no other. Empty if there is none at all. Thread-safe.
std::optional<LyricsSurvey> survey_lyrics(EngineOptions options);

// A model as the API lists it.
struct StudioModel {
  std::string name = {};
  std::string kind = {};     // "song", "planner", "lyrics"
  std::string variant = {};  // of song models: "sft", "turbo", "base"
  int64_t bytes = 0;         // of the weight files; 0: they are missing
  bool is_test = false;
  bool is_built_in = false;
};

// Those in `folders`; where there is no song model, also those of `test_models`. Reads the disk.
std::vector<StudioModel> survey_models(std::span<const std::filesystem::path> folders,
                                       const std::filesystem::path& test_models);

}  // namespace ams
