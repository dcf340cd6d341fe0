// Configuration from environment variables. The only place that reads them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "studio/engine.h"
#include "studio/models/model_downloads.h"

namespace ams {

struct Environment {
  std::vector<std::filesystem::path> model_folders;  // where models are looked up, best first
  HubOptions hub;  // HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, AMS_OFFLINE
  std::filesystem::path test_models;  // the tests' tiny checkpoints in a checkout; empty elsewhere
  // AMS_CACHE_DIR, else "ams" in XDG_CACHE_HOME or ~/.cache: quantised weights; may be empty.
  std::filesystem::path quant_cache;
  std::string device;                       // AMS_DEVICE; empty: not set
  Quantisation quant = Quantisation::None;  // AMS_PRECISION
  std::optional<LogLevel> log_level;        // AMS_LOG_LEVEL
};

// Throws InvalidRequest that names the variable and its valid values.
Environment read_environment();

}  // namespace ams
