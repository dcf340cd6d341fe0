#include <memory>
#include <string>
#include <variant>

#include "cli/commands.h"
#include "cli/field_flags.h"
#include "cli/lyrics_job.h"

namespace ams {
namespace {

void run(LyricsJob& job) {
  validate(job.request);
  check_ranges(fields(job.engine));
  run_lyrics_job(job);
}

void add_output_flags(CLI::App& command, LyricsOutput& output) {
  command
      .add_option_function<std::string>(
          "-o,--output",
          [&output](const std::string& word) { output.text = word; },
          "File to write (default: standard output)")
      ->type_name("FILE.txt");
  command
      .add_option_function<std::string>(
          "--json",
          [&output](const std::string& word) { output.metadata = word; },
          "Also write the draft's metadata to this file")
      ->type_name("FILE");
  command.add_flag("--quiet,-q", output.quiet, "Print nothing but lyrics and errors");
}

}  // namespace

void add_lyrics_command(CLI::App& program, const Environment& environment, Action& action) {
  CLI::App* command = program.add_subcommand("lyrics", "Write lyrics from a brief");
  const auto job = std::make_shared<LyricsJob>();
  job->engine.model_folders = environment.model_folders;
  job->engine.quant = environment.quant;
  job->engine.quant_cache = environment.quant_cache;
  if (!environment.device.empty()) job->engine.device = environment.device;
  const Fields rows = fields(job->request);
  const Field& brief = rows.front();
  command->add_option(brief.name, *std::get<std::string*>(brief.member), brief.help)
      ->type_name("TEXT")
      ->required();
  add_flags(*command, rows);
  add_output_flags(*command, job->output);
  add_flags(*command, fields(job->engine));
  command->callback([job, &action] { action = [job] { run(*job); }; });
}

}  // namespace ams
