#include "cli/environment.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>

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

// Where downloads go that the Hub's cache does not take; empty without a home folder.
fs::path own_models() {
  if (const std::string folder = variable("AMS_MODEL_DIR"); !folder.empty()) return folder;
  if (const std::string data = variable("AMS_DATA_DIR"); !data.empty()) {
    return fs::path(data) / "models";
  }
  if (const std::string data = variable("XDG_DATA_HOME"); !data.empty()) {
    return fs::path(data) / "ams" / "models";
  }
  if (const std::string home = variable("HOME"); !home.empty()) {
    return fs::path(home) / ".local" / "share" / "ams" / "models";
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

// What the Hub's own clients take for yes; everything else, also what is not set, is no.
bool is_on(const char* name) {
  std::string value = variable(name);
  std::transform(value.begin(), value.end(), value.begin(), [](unsigned char character) {
    return static_cast<char>(std::toupper(character));
  });
  return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

// The value is in no message: it is a secret, or was meant to be one.
std::string token() {
  std::string value = variable("HF_TOKEN");
  value.erase(0, value.find_first_not_of(" \t\r\n"));
  value.erase(value.find_last_not_of(" \t\r\n") + 1);
  const bool is_one_word = std::all_of(value.begin(), value.end(), [](char character) {
    return character > ' ' && character < 0x7f;
  });
  if (is_one_word) return value;
  throw Error(ErrorCode::InvalidRequest,
              "environment: HF_TOKEN is not one word of printable characters");
}

HubOptions read_hub_options() {
  HubOptions options;
  if (std::string endpoint = variable("HF_ENDPOINT"); !endpoint.empty()) {
    endpoint.erase(endpoint.find_last_not_of('/') + 1);
    if (!endpoint.starts_with("https://") && !endpoint.starts_with("http://")) {
      throw Error(ErrorCode::InvalidRequest,
                  str("environment: HF_ENDPOINT is '",
                      endpoint,
                      "', expected an address with https:// or http://"));
    }
    options.endpoint = endpoint;
  }
  options.token = token();
  options.cache = hub_cache();
  options.models = own_models();
  options.offline = is_on("HF_HUB_OFFLINE") || is_on("AMS_OFFLINE");
  return options;
}

// The nearest folder of this name beside or up to three levels above the program, which is in
// build/release/bin of a checkout or in bin of an installation, where the name is in share/ams.
fs::path near_program(const fs::path& name) {
  std::error_code error;
  fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (int level = 0; level < 4 && !folder.empty(); ++level) {
    for (const fs::path& candidate : {folder / name, folder / "share" / "ams" / name}) {
      if (fs::is_directory(candidate, error)) return candidate;
    }
    folder = folder.parent_path();
  }
  return {};
}

// Published weights are bf16 and stay so; other formats are what they can be quantised to.
Quantisation quantisation(const std::string& name) {
  constexpr std::array<std::pair<std::string_view, Quantisation>, 7> kNames{{
      {"", Quantisation::None},
      {"auto", Quantisation::None},
      {"bf16", Quantisation::None},
      {"q8_0", Quantisation::Q8_0},
      {"q6_k", Quantisation::Q6K},
      {"q5_k", Quantisation::Q5K},
      {"q4_k", Quantisation::Q4K},
  }};
  for (const auto& [known, quant] : kNames) {
    if (name == known) return quant;
  }
  throw Error(ErrorCode::InvalidRequest,
              str("environment: AMS_PRECISION is '",
                  name,
                  "', expected one of: auto, bf16, q8_0, q6_k, q5_k, q4_k"));
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
  environment.quant = quantisation(variable("AMS_PRECISION"));
  environment.hub = read_hub_options();
  environment.log_level = log_level_from(variable("AMS_LOG_LEVEL"));
  for (const fs::path& folder :
       {fs::path(variable("AMS_MODEL_DIR")), near_program("models"), hub_cache(), own_models()}) {
    const auto& known = environment.model_folders;
    const bool is_new = std::find(known.begin(), known.end(), folder) == known.end();
    if (!folder.empty() && is_new) environment.model_folders.push_back(folder);
  }
  if (const fs::path cache = cache_folder(); !cache.empty()) {
    environment.quant_cache = cache / "quantised";
  }
  environment.test_models = near_program("tests/golden/data/checkpoints");
  return environment;
}

}  // namespace ams
