#include "cli/environment.h"

#include <cstdlib>
#include <string_view>
#include <system_error>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

// Empty if the variable is not set.
std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The folder of Hub snapshots, as the Hub's own clients find it; empty without a home folder.
fs::path hub_cache() {
  if (const std::string cache = variable("HF_HUB_CACHE"); !cache.empty()) return cache;
  if (const std::string home = variable("HF_HOME"); !home.empty()) return fs::path(home) / "hub";
  if (const std::string home = variable("HOME"); !home.empty()) {
    return fs::path(home) / ".cache" / "huggingface" / "hub";
  }
  return {};
}

// Where what can be made again is kept; empty without a home folder.
fs::path cache_folder() {
  if (const std::string own = variable("AMS_CACHE_DIR"); !own.empty()) return own;
  if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) {
    return fs::path(cache) / "ams";
  }
  if (const std::string home = variable("HOME"); !home.empty()) {
    return fs::path(home) / ".cache" / "ams";
  }
  return {};
}

// The nearest folder of this name beside or up to three levels above the program: build/release/bin
// in a checkout, bin in an installation.
fs::path near_program(const fs::path& name) {
  std::error_code error;
  fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (int level = 0; level < 4 && !folder.empty(); ++level) {
    if (fs::is_directory(folder / name, error)) return folder / name;
    folder = folder.parent_path();
  }
  return {};
}

std::optional<LogLevel> log_level_from(const std::string& name) {
  if (name.empty()) return std::nullopt;
  if (const auto level = parse_log_level(name)) return level;
  std::string valid;
  for (const std::string_view candidate : log_level_names()) {
    valid += str(valid.empty() ? "" : ", ", candidate);
  }
  throw Error(ErrorCode::InvalidRequest,
              str("environment: AMS_LOG_LEVEL is '", name, "', expected one of: ", valid));
}

}  // namespace

Environment read_environment() {
  Environment environment;
  environment.device = variable("AMS_DEVICE");
  environment.log_level = log_level_from(variable("AMS_LOG_LEVEL"));
  for (const fs::path& folder :
       {fs::path(variable("AMS_MODEL_DIR")), near_program("models"), hub_cache()}) {
    if (!folder.empty()) environment.model_folders.push_back(folder);
  }
  if (const fs::path cache = cache_folder(); !cache.empty()) {
    environment.quant_cache = cache / "quantised";
  }
  environment.test_models = near_program("tests/golden/data/checkpoints");
  return environment;
}

}  // namespace ams
