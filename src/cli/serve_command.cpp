#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "api/studio_documents.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/open_browser.h"
#include "cli/serve_summary.h"
#include "cli/server_settings.h"
#include "server/studio_server.h"
#include "studio/jobs/hub_downloader.h"
#include "studio/jobs/song_post_processor.h"
#include "studio/jobs/studio.h"
#include "studio/models/memory_plan.h"
#include "studio/post/stem_models.h"
#include "studio/studio_survey.h"

namespace ams {
namespace {

// How long streams get for the last event of a job that is being stopped.
constexpr std::chrono::milliseconds kFarewell{10'000};

std::optional<LyricsPart> lyrics_part(const EngineOptions& options) {
  const std::optional<LyricsSurvey> lyrics = survey_lyrics(options);
  if (!lyrics) return std::nullopt;
  return LyricsPart{[options = lyrics->options] { return LyricsWriter::open(options); },
                    lyrics->weight_bytes};
}

StudioParts studio_parts(const ServerSettings& settings,
                         const HubOptions& hub,
                         const EngineSurvey& survey) {
  StudioParts parts;
  parts.open_engine = [options = settings.engine] { return Engine::open(options); };
  parts.model_folders = settings.engine.model_folders;
  parts.survey = survey;
  parts.survey_again = [options = settings.engine] { return survey_engine(options); };
  parts.find_lyrics = [options = lyrics_options(settings)] { return lyrics_part(options); };
  parts.downloader = std::make_shared<HubDownloader>(hub, settings.engine.model_folders);
  parts.documents = std::make_shared<WireDocuments>();
  parts.has_stems = [folders = settings.engine.model_folders] {
    return !list_stem_models(folders).empty();
  };
  StemOptions stems;
  stems.model_folders = settings.engine.model_folders;
  stems.device = settings.engine.device;
  stems.threads = settings.engine.threads;
  parts.open_post_processor = [stems] { return std::make_unique<SongPostProcessor>(stems); };
  return parts;
}

// Weights and work together may use `limit`: what is above it counts as the headroom to leave.
void apply_memory_limit(ServerSettings& settings, const EngineSurvey& survey) {
  if (settings.engine.memory_limit.empty()) return;
  const size_t limit = parse_bytes(settings.engine.memory_limit);
  const size_t above = survey.device_bytes > limit ? survey.device_bytes - limit : 0;
  settings.studio.memory_headroom_bytes = std::max(settings.studio.memory_headroom_bytes, above);
}

void wait_for_stop(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait(lock, stop, [] { return false; });
}

// glibc gives threads heaps of their own. What each of hundreds of connections leaves in pieces
// there is never used by another: under load memory grew by two megabytes a song. One heap stays
// flat and answers as fast.
void share_one_heap() {
#if defined(__GLIBC__)
  mallopt(M_ARENA_MAX, 1);
#endif
}

void run(ServerSettings& settings, const HubOptions& hub) {
  share_one_heap();
  complete(settings);
  std::signal(SIGPIPE, SIG_IGN);  // a log that nobody reads must not end the server
  const std::stop_source stop;
  const InterruptGuard guard(stop);
  const EngineSurvey survey = survey_engine(settings.engine);
  apply_memory_limit(settings, survey);
  Studio studio(settings.studio, studio_parts(settings, hub, survey));
  StudioServer server({.http = settings.http,
                       .access = settings.access,
                       .model_folders = settings.engine.model_folders,
                       .test_models = settings.engine.test_models},
                      studio);
  const std::string address = studio_address(settings.http.host, server.port());
  std::cerr << serve_summary(settings, survey, address) << std::flush;
  if (settings.opens_browser) open_browser(address);

  std::jthread serving([&server] { server.run(); });
  wait_for_stop(stop.get_token());
  log(LogLevel::Info, "server", "shutting down; a running job is cancelled");
  studio.shut_down();
  server.stop(kFarewell);
}

}  // namespace

void add_serve_command(CLI::App& program, const Environment& environment, Action& action) {
  CLI::App* command =
      program.add_subcommand("serve", "Start the studio: page and API in the browser");
  // The environment is read here, but what is wrong in it only stops the command that uses it.
  const auto settings = std::make_shared<ServerSettings>();
  std::exception_ptr fault;
  try {
    *settings = read_server_settings(environment);
  } catch (const Error&) {
    fault = std::current_exception();
  }
  add_server_flags(*command, *settings);
  command->add_flag("--open", settings->opens_browser, "Open the page in the browser");
  command->callback([settings, fault, environment, &action] {
    action = [settings, fault, environment] {
      if (fault) std::rethrow_exception(fault);
      if (!environment.log_level) set_log_level(LogLevel::Info);
      run(*settings, environment.hub);
    };
  });
}

}  // namespace ams
