#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/text_file.h"
#include "cli/commands.h"
#include "cli/field_flags.h"
#include "cli/output_flags.h"
#include "cli/song_job.h"

namespace ams {
namespace {

// Far above the 4096 characters that validate() allows, far below what would hurt.
constexpr size_t kMaxLyricsBytes = size_t{1} << 20;

struct GenerateArguments {
  SongJob job;
  std::string lyrics_file;
};

void run(GenerateArguments& arguments) {
  SongJob& job = arguments.job;
  if (!arguments.lyrics_file.empty()) {
    if (!job.request.lyrics.empty()) {
      throw Error(ErrorCode::InvalidRequest,
                  "command line: --lyrics and --lyrics-file exclude each other");
    }
    job.request.lyrics = read_text_file(arguments.lyrics_file, kMaxLyricsBytes);
  }
  validate(job.request);
  check_ranges(fields(job.engine));
  job.engine.model = job.request.model;
  job.engine.compat = job.request.compat;
  run_song_job(job);
}

}  // namespace

void add_generate_command(CLI::App& program, const Environment& environment, Action& action) {
  CLI::App* command = program.add_subcommand("generate", "Make a song from a prompt");
  const auto arguments = std::make_shared<GenerateArguments>();
  SongJob& job = arguments->job;
  command->add_option("prompt", job.request.prompt, "Style: genre, mood, instruments, voice")
      ->type_name("TEXT")
      ->required();
  command->add_option("--lyrics-file", arguments->lyrics_file, "Lyrics from a text file")
      ->type_name("FILE");
  add_flags(*command, fields(job.request));
  add_job_flags(*command, environment, job);
  command->callback([arguments, &action] { action = [arguments] { run(*arguments); }; });
}

}  // namespace ams
