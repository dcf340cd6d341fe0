#include <iomanip>
#include <iostream>
#include <memory>
#include <string>

#include "base/fields.h"
#include "cli/commands.h"
#include "cli/device_flags.h"
#include "cli/foreground_job.h"
#include "studio/post/stems.h"

namespace ams {
namespace {

struct StemsArguments {
  StemFileRequest request;
  StemOptions options;
  EngineOptions machine;
  bool no_zip = false;
  bool quiet = false;
};

void print(const StemFiles& files) {
  std::cout << std::fixed << std::setprecision(1);
  for (const StemFile& file : files.stems) {
    std::cout << file.path.string() << ": " << files.duration_seconds << " s, ";
    if (file.peak_dbfs) {
      std::cout << "peak " << *file.peak_dbfs << " dBFS\n";
    } else {
      std::cout << "silent\n";
    }
  }
  if (files.zip) std::cout << files.zip->string() << ": all stems\n";
  if (files.residual_db) {
    std::cout << "sum of the stems: " << *files.residual_db << " dB from the mix\n";
  }
}

void run(StemsArguments& arguments) {
  check_ranges(fields(arguments.machine));
  arguments.options.device = arguments.machine.device;
  arguments.options.threads = arguments.machine.threads;
  arguments.request.zip = !arguments.no_zip;
  StemFiles files;
  run_in_foreground(arguments.quiet, [&](const JobContext& job) {
    files = separate_stems(arguments.request, arguments.options, job);
  });
  if (!arguments.quiet) print(files);
}

}  // namespace

void add_stems_command(CLI::App& program, const Environment& environment, Action& action) {
  CLI::App* command =
      program.add_subcommand("stems", "Split a song into vocals, drums, bass and the rest");
  const auto arguments = std::make_shared<StemsArguments>();
  arguments->options.model_folders = environment.model_folders;
  command->add_option("file", arguments->request.source, "The song, up to 600 s")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("-o,--output", arguments->request.folder, "Folder to write to (default: FILE's)")
      ->type_name("FOLDER");
  command
      ->add_option("--model",
                   arguments->options.model,
                   "htdemucs, htdemucs_ft (four networks, four times as slow), htdemucs_6s (also "
                   "guitar and piano), or a .th or .safetensors file (default: htdemucs)")
      ->type_name("NAME|FILE");
  command->add_flag("--no-zip", arguments->no_zip, "Do not also write FILE.stems.zip");
  command->add_flag("--quiet,-q", arguments->quiet, "Print nothing but errors");
  add_device_flags(*command, environment, arguments->machine);
  command->callback([arguments, &action] { action = [arguments] { run(*arguments); }; });
}

}  // namespace ams
