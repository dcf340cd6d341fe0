#include "cli/server_settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <sstream>

#include <unistd.h>

#include "base/error.h"
#include "base/str.h"
#include "cli/field_flags.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The number in a variable; absent if it is not set.
std::optional<int64_t> number(const char* name, int64_t min, int64_t max) {
  const std::string text = variable(name);
  if (text.empty()) return std::nullopt;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= min && value <= max) {
    return value;
  }
  throw Error(ErrorCode::InvalidRequest,
              str("environment: ", name, " is '", text, "', expected ", min, " to ", max));
}

BudgetRule budget_rule() {
  const std::string text = variable("AMS_JOB_BUDGET");
  if (text.empty() || text == "on" || text == "auto") return BudgetRule::Automatic;
  if (text == "off") return BudgetRule::Off;
  if (text == "always") return BudgetRule::Always;
  throw Error(ErrorCode::InvalidRequest,
              str("environment: AMS_JOB_BUDGET is '", text, "', expected one of: on, off, always"));
}

// The words of a list with commas, without the blanks around them.
std::vector<std::string> list_in(const char* name) {
  std::vector<std::string> words;
  std::istringstream text(variable(name));
  for (std::string word; std::getline(text, word, ',');) {
    word.erase(0, word.find_first_not_of(' '));
    word.erase(word.find_last_not_of(' ') + 1);
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

std::vector<ModelPart> preload_list(bool is_hosted) {
  std::vector<ModelPart> parts;
  if (is_hosted) parts.push_back(ModelPart::Stems);
  for (const std::string& word : list_in("AMS_PRELOAD")) {
    if (word == "pipeline") {
      parts.push_back(ModelPart::Song);
    } else if (word == "lyrics") {
      parts.push_back(ModelPart::Lyrics);
    } else if (word == "stems") {
      parts.push_back(ModelPart::Stems);
    } else {
      throw Error(ErrorCode::InvalidRequest,
                  str("environment: AMS_PRELOAD names '",
                      word,
                      "', expected a list with commas of: pipeline, lyrics, stems"));
    }
  }
  return parts;
}

fs::path default_data_folder() {
  if (const std::string home = variable("XDG_DATA_HOME"); !home.empty())
    return fs::path(home) / "ams";
  if (const std::string home = variable("HOME"); !home.empty()) {
    return fs::path(home) / ".local" / "share" / "ams";
  }
  return "ams-data";
}

// This machine's own names.
std::vector<std::string> machine_names() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return {};
  return {name.data(), str(name.data(), ".local")};
}

void read_access(ServerSettings& settings) {
  settings.access.token = variable("AMS_TOKEN");
  settings.access.cors_origin = variable("AMS_CORS_ORIGIN");
  settings.access.allowed_hosts = machine_names();
  const std::string space_host = variable("SPACE_HOST");
  const std::vector<std::string> names = list_in("AMS_ALLOWED_HOSTS");
  settings.access.is_published = settings.is_hosted || !space_host.empty() || !names.empty();
  if (!space_host.empty()) settings.access.allowed_hosts.push_back(space_host);
  auto& allowed = settings.access.allowed_hosts;
  allowed.insert(allowed.end(), names.begin(), names.end());
}

void read_studio(StudioOptions& studio) {
  const std::string folder = variable("AMS_DATA_DIR");
  studio.data_folder = folder.empty() ? default_data_folder() : fs::path(folder);
  if (const auto count = number("AMS_QUEUE_MAX", 1, 1000)) {
    studio.max_waiting = static_cast<size_t>(*count);
  }
  if (const auto count = number("AMS_HISTORY_MAX", 1, 1000)) {
    studio.max_history = static_cast<size_t>(*count);
  }
  if (const auto hours = number("AMS_RETENTION_HOURS", 1, 24 * 365)) {
    studio.result_lifetime = std::chrono::hours(*hours);
  }
  studio.budget = budget_rule();
}

template <typename Target>
void add_text(CLI::App& command,
              const char* flag,
              Target& target,
              const std::string& help,
              const char* type) {
  command
      .add_option_function<std::string>(
          flag, [&target](const std::string& word) { target = word; }, help)
      ->type_name(type);
}

}  // namespace

ServerSettings read_server_settings(const Environment& environment) {
  ServerSettings settings;
  settings.is_hosted = !variable("SPACE_ID").empty();
  const std::string host = variable("AMS_HOST");
  settings.http.host = !host.empty() ? host : settings.is_hosted ? "0.0.0.0" : "127.0.0.1";
  if (const auto port = number("PORT", 0, 65535)) settings.http.port = static_cast<int>(*port);
  read_access(settings);
  read_studio(settings.studio);
  settings.studio.preload = preload_list(settings.is_hosted);
  settings.engine.model_folders = environment.model_folders;
  settings.engine.test_models = environment.test_models;
  settings.engine.model = variable("ACE_DIT_CONFIG");
  settings.engine.planner = variable("ACE_LM_MODEL");
  settings.engine.quant = environment.quant;
  if (!environment.device.empty()) settings.engine.device = environment.device;
  settings.lyrics_model = variable("AMS_LYRICS_MODEL");
  settings.engine.memory_limit = variable("AMS_MEMORY_LIMIT");
  settings.engine.quant_cache = environment.quant_cache;
  return settings;
}

void add_server_flags(CLI::App& command, ServerSettings& settings) {
  add_text(command,
           "--host",
           settings.http.host,
           str("Address to listen on (default ", settings.http.host, "; AMS_HOST)"),
           "ADDRESS");
  command
      .add_option("--port",
                  settings.http.port,
                  str("Port; 0 takes a free one (default ", settings.http.port, "; PORT)"))
      ->type_name("NUMBER")
      ->check(CLI::Range(0, 65535));
  add_text(command,
           "--data-dir",
           settings.studio.data_folder,
           str("Folder of songs and uploads (default ",
               settings.studio.data_folder.string(),
               "; AMS_DATA_DIR)"),
           "FOLDER");
  add_text(command,
           "--model",
           settings.engine.model,
           "Name or folder of the song model (default: the best one present; ACE_DIT_CONFIG)",
           "TEXT");
  add_text(command,
           "--token",
           settings.access.token,
           "Token that the API asks for (AMS_TOKEN, which other users of this machine cannot see)",
           "TEXT");
  add_flags(command, fields(settings.engine));
}

EngineOptions lyrics_options(const ServerSettings& settings) {
  EngineOptions options = settings.engine;
  options.model = settings.lyrics_model;
  options.test_models.clear();  // theirs writes noise; the page offers a real one instead
  return options;
}

void complete(ServerSettings& settings) {
  settings.access.is_loopback = is_loopback_host(settings.http.host);
}

}  // namespace ams
