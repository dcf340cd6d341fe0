#include "cli/doctor_checks.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string_view>
#include <system_error>

#include "base/error.h"
#include "base/size_text.h"
#include "base/str.h"
#include "base/text_file.h"
#include "cli/serve_summary.h"
#include "server/listen_socket.h"
#include "server/page_files.h"
#include "studio/codec_survey.h"
#include "studio/engine.h"
#include "studio/engine_precision.h"
#include "studio/models/song_model_files.h"
#include "studio/post/stem_models.h"
#include "studio/studio_survey.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr uintmax_t kComfortableDisk = 5'000'000'000;  // some hundred songs and their stems

// The nearest folder above that exists: a data folder is made at the first start.
fs::path existing_folder(fs::path folder) {
  std::error_code error;
  folder = fs::absolute(folder, error);
  while (!folder.empty() && folder != folder.root_path() && !fs::exists(folder, error)) {
    folder = folder.parent_path();
  }
  return folder;
}

DoctorCheck check_data_folder(const ServerSettings& settings) {
  const fs::path& wanted = settings.studio.data_folder;
  DoctorCheck check{.name = "data folder", .found = wanted.string()};
  try {
    require_writable(existing_folder(wanted) / "ams-doctor.tmp");
  } catch (const Error& error) {
    check.state = CheckState::Bad;
    check.found = error.what();
    check.advice = "set AMS_DATA_DIR or --data-dir to a folder that you can write";
  }
  return check;
}

DoctorCheck check_disk(const ServerSettings& settings) {
  DoctorCheck check{.name = "disk"};
  std::error_code error;
  const fs::space_info space = fs::space(existing_folder(settings.studio.data_folder), error);
  if (error) {
    check.state = CheckState::Warning;
    check.found = str("cannot be asked: ", error.message());
    check.advice = "look at the data folder's disk";
    return check;
  }
  check.found = str(size_text(space.available), " free");
  if (space.available < settings.studio.spare_disk_bytes) {
    check.state = CheckState::Bad;
    check.advice = "no song can be saved: free some space or move AMS_DATA_DIR";
  } else if (space.available < kComfortableDisk) {
    check.state = CheckState::Warning;
    check.advice = "songs are 11 MB a minute and are kept a day: free some space soon";
  }
  return check;
}

DoctorCheck check_device(const EngineSurvey& survey) {
  DoctorCheck check{.name = "device",
                    .found = str(survey.facts.device, ", ", survey.facts.device_name)};
  if (survey.facts.device == "cpu") {
    check.state = CheckState::Warning;
    check.advice = "no graphics card is used; songs take about ten times longer";
  }
  return check;
}

DoctorCheck check_memory(const EngineSurvey& survey) {
  DoctorCheck check{.name = "memory",
                    .found = str(size_text(survey.free_bytes),
                                 " of ",
                                 size_text(survey.device_bytes),
                                 " free, the model needs about ",
                                 size_text(survey.needed_bytes))};
  if (survey.needed_bytes > survey.free_bytes) {
    check.state = CheckState::Warning;
    check.advice = "close other programs, or start with --quant q8_0";
  }
  return check;
}

// How a long song would be made to fit. Starts the device; reads no weights.
DoctorCheck check_plan(const EngineOptions& options) {
  constexpr double kLongSong = 240.0;  // seconds
  DoctorCheck check{.name = "memory plan"};
  try {
    const std::optional<MemoryPlan> plan = Engine::open(options)->forecast(kLongSong);
    if (!plan) return check;
    check.found = str("a song of 4 minutes takes ",
                      size_text(plan->peak()),
                      " of ",
                      size_text(plan->available),
                      ": ",
                      plan->choice());
    const bool is_coarser = plan->measures.precision != precision_of(options.quant);
    if (!plan->fits || is_coarser) check.state = CheckState::Warning;
    if (is_coarser) check.advice = "memory is short for the weights as they are; songs say so";
    if (!plan->fits) check.advice = "it may not fit: close other programs or make shorter songs";
  } catch (const Error& error) {
    check.state = CheckState::Bad;
    check.found = error.what();
    check.advice = "shorter songs may still fit; else ams pull a smaller model";
  }
  return check;
}

DoctorCheck check_model(const EngineSurvey& survey) {
  DoctorCheck check{.name = "song model", .found = survey.facts.model};
  if (!survey.missing.empty()) {
    check.state = survey.is_test_model ? CheckState::Warning : CheckState::Bad;
    check.found =
        survey.is_test_model ? "only the tiny one of the tests, which makes noise" : "none";
    check.advice = survey.missing;
  } else if (survey.is_built_in) {
    check.state = CheckState::Warning;
    check.found += str(", ", kBuiltInModel);
    check.advice = kGetFullModel;
  } else if (!survey.facts.has_planner) {
    check.state = CheckState::Warning;
    check.found += ", no planner";
    check.advice = "songs are made without a plan; put a planner beside the model";
  }
  return check;
}

DoctorCheck check_lyrics(const ServerSettings& settings) {
  if (const auto found = survey_lyrics(lyrics_options(settings))) {
    return {.name = "lyrics model", .found = found->name};
  }
  return {.name = "lyrics model",
          .state = CheckState::Warning,
          .found = "none",
          .advice = "`ams pull lyrics` gets one; until then lyrics cannot be drafted"};
}

DoctorCheck check_stems(const ServerSettings& settings) {
  const std::vector<StemModelFiles> found = list_stem_models(settings.engine.model_folders);
  if (!found.empty()) return {.name = "stem model", .found = found.front().name};
  return {.name = "stem model",
          .state = CheckState::Warning,
          .found = "none",
          .advice = "`ams pull stems` gets one; until then songs cannot be split into stems"};
}

DoctorCheck check_codecs() {
  DoctorCheck check{.name = "codecs"};
  std::string good;
  for (const CodecCheck& codec : survey_codecs()) {
    if (codec.fault.empty()) {
      good += str(good.empty() ? "" : ", ", codec.format);
    } else {
      check.state = CheckState::Bad;
      check.advice += str(check.advice.empty() ? "" : "; ", codec.format, ": ", codec.fault);
    }
  }
  check.found = good.empty() ? "none" : good;
  if (check.state == CheckState::Bad) check.advice += "; install FFmpeg's full libraries";
  return check;
}

DoctorCheck check_port(const ServerSettings& settings) {
  DoctorCheck check{.name = "port",
                    .found = str(settings.http.port, " of ", settings.http.host, " is free")};
  try {
    open_listen_socket(settings.http.host, settings.http.port);
  } catch (const Error& error) {
    check.state = CheckState::Bad;
    const bool is_in_use = std::string_view(error.what()).find("in use") != std::string_view::npos;
    check.found = is_in_use ? str(settings.http.port, " of ", settings.http.host, " is in use")
                            : std::string(error.what());
    check.advice = is_in_use ? "another studio may be running: stop it, or set --port or PORT"
                             : "set --host and --port, or AMS_HOST and PORT";
  }
  return check;
}

DoctorCheck check_page() {
  if (!page_files().empty()) return {.name = "page", .found = "in the program"};
  return {
      .name = "page",
      .state = CheckState::Warning,
      .found = "not built",
      .advice =
          "install Node.js 20.19 or newer and npm and run ./ams again; the API works without it"};
}

}  // namespace

std::vector<DoctorCheck> run_checks(const ServerSettings& settings) {
  std::vector<DoctorCheck> checks;
  try {
    const EngineSurvey survey = survey_engine(settings.engine);
    checks = {check_device(survey), check_memory(survey), check_model(survey)};
    if (!survey.facts.model.empty()) checks.push_back(check_plan(settings.engine));
  } catch (const Error& error) {
    checks.push_back({.name = "device",
                      .state = CheckState::Bad,
                      .found = error.what(),
                      .advice = "use --device auto, or install the driver"});
  }
  checks.push_back(check_lyrics(settings));
  checks.push_back(check_stems(settings));
  checks.push_back(check_data_folder(settings));
  checks.push_back(check_disk(settings));
  checks.push_back(check_codecs());
  checks.push_back(check_port(settings));
  checks.push_back(check_page());
  return checks;
}

}  // namespace ams
