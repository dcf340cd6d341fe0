// One command for each song mode. The first row of a request's field table is the word that the
// command needs (a prompt, or the file to work on); the other rows are flags.
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"
#include "base/fields.h"
#include "base/text_file.h"
#include "cli/commands.h"
#include "cli/field_flags.h"
#include "cli/output_flags.h"
#include "cli/song_job.h"

namespace ams {
namespace {

// Far above the 4096 characters that validate() allows, far below what would hurt.
constexpr size_t kMaxLyricsBytes = size_t{1} << 20;

struct SongCommand {
  std::string_view mode;  // and name of the command
  const char* word;       // how help calls the first word
  const char* help;
};
constexpr SongCommand kCommands[] = {
    {"generate", "TEXT", "Make a song from a prompt"},
    {"cover", "FILE", "Make a new song that follows a clip"},
    {"extend", "FILE", "Let a song go on, or start earlier"},
    {"edit", "FILE", "Make a segment of a song anew, or morph the song"},
};

struct SongArguments {
  SongJob job;
  std::string lyrics_file;
};

std::string& lyrics_member(SongRequest& request) {
  return std::visit([](auto& each) -> std::string& { return each.lyrics; }, request);
}

void run(SongArguments& arguments) {
  SongJob& job = arguments.job;
  if (!arguments.lyrics_file.empty()) {
    std::string& lyrics = lyrics_member(job.request);
    if (!lyrics.empty()) {
      throw Error(ErrorCode::InvalidRequest,
                  "command line: --lyrics and --lyrics-file exclude each other");
    }
    lyrics = read_text_file(arguments.lyrics_file, kMaxLyricsBytes);
  }
  validate(job.request);
  check_ranges(fields(job.engine));
  job.engine.model = controls_of(job.request).model;
  job.engine.compat = controls_of(job.request).compat;
  run_song_job(job);
}

void add_song_command(CLI::App& program,
                      const Environment& environment,
                      Action& action,
                      const SongCommand& row) {
  CLI::App* command = program.add_subcommand(std::string(row.mode), row.help);
  const auto arguments = std::make_shared<SongArguments>();
  SongJob& job = arguments->job;
  job.request = make_song_request(row.mode);
  const Fields rows = fields(job.request);
  const Field& word = rows.front();
  command->add_option(word.name, *std::get<std::string*>(word.member), word.help)
      ->type_name(row.word)
      ->required();
  command->add_option("--lyrics-file", arguments->lyrics_file, "Lyrics from a text file")
      ->type_name("FILE");
  add_flags(*command, rows);
  command
      ->add_option_function<std::vector<std::string>>(
          "--lora",
          [&job](const std::vector<std::string>& words) {
            for (const std::string& each : words) {
              controls_of(job.request).loras.push_back(parse_lora_choice(each));
            }
          },
          "Adapter: preset, folder or file, with its strength from 0 to 1.5; may be repeated")
      ->type_name("NAME[=STRENGTH]")
      ->expected(1)
      ->take_all();
  add_job_flags(*command, environment, job);
  command->callback([arguments, &action] { action = [arguments] { run(*arguments); }; });
}

}  // namespace

void add_song_commands(CLI::App& program, const Environment& environment, Action& action) {
  for (const SongCommand& row : kCommands) add_song_command(program, environment, action, row);
}

}  // namespace ams
