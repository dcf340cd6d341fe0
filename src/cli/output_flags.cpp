#include "cli/output_flags.h"

#include <string>

#include "cli/field_flags.h"

namespace ams {

void add_job_flags(CLI::App& command, const Environment& environment, SongJob& job) {
  job.engine.model_folders = environment.model_folders;
  job.engine.quant_cache = environment.quant_cache;
  job.engine.test_models = environment.test_models;
  job.engine.quant = environment.quant;
  if (!environment.device.empty()) job.engine.device = environment.device;
  SongOutput& output = job.output;
  command
      .add_option_function<std::string>(
          "-o,--output",
          [&output](const std::string& word) { output.audio = word; },
          "File to write; .wav, .flac, .mp3 or .opus (default song.wav)")
      ->type_name("FILE");
  command
      .add_option_function<std::string>(
          "--json",
          [&output](const std::string& word) { output.metadata = word; },
          "Also write the song's metadata to this file")
      ->type_name("FILE");
  command.add_flag("--quiet,-q", output.quiet, "Print nothing but errors");
  add_flags(command, fields(job.engine));
}

}  // namespace ams
