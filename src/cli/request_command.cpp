#include <filesystem>
#include <memory>

#include "api/lyrics_json.h"
#include "api/request_json.h"
#include "cli/commands.h"
#include "cli/lyrics_job.h"
#include "cli/output_flags.h"
#include "cli/request_document.h"
#include "cli/song_job.h"

namespace ams {
namespace {

struct RequestArguments {
  SongJob job;
  std::filesystem::path file;
  const CLI::Option* output = nullptr;
};

void run_lyrics(const RequestArguments& arguments, const Json& body) {
  const SongJob& flags = arguments.job;
  LyricsJob job;
  job.engine = flags.engine;
  job.output.metadata = flags.output.metadata;
  job.output.quiet = flags.output.quiet;
  if (arguments.output->count() > 0) job.output.text = flags.output.audio;
  job.request = parse_lyrics_request(body, job.warnings);
  check_ranges(fields(job.engine));
  run_lyrics_job(job);
}

void run(RequestArguments& arguments) {
  SongJob& job = arguments.job;
  const Json body = request_document(arguments.file);
  if (is_lyrics_request(body)) return run_lyrics(arguments, body);
  job.request = parse_song_request(body, job.warnings);
  check_ranges(fields(job.engine));
  job.engine.model = controls_of(job.request).model;
  job.engine.compat = controls_of(job.request).compat;
  run_song_job(job);
}

}  // namespace

void add_request_command(CLI::App& program, const Environment& environment, Action& action) {
  CLI::App* command = program.add_subcommand(
      "request", "Run a request file in the form of the HTTP API, or make a song again");
  const auto arguments = std::make_shared<RequestArguments>();
  command
      ->add_option(
          "file", arguments->file, "A request, what --json wrote, or a song of this program")
      ->type_name("FILE")
      ->required();
  add_job_flags(*command, environment, arguments->job);
  arguments->output = command->get_option("--output");
  command->callback([arguments, &action] { action = [arguments] { run(*arguments); }; });
}

}  // namespace ams
