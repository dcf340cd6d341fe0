// `ams normalise` and `ams export`: an audio file in another loudness or format.
#include <iomanip>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "cli/commands.h"
#include "cli/field_flags.h"
#include "cli/foreground_job.h"
#include "studio/post/export_audio.h"
#include "studio/post/normalise.h"

namespace ams {
namespace {

struct NormaliseArguments {
  NormaliseRequest request;
  bool quiet = false;
};

struct ExportArguments {
  ExportRequest request;
  bool quiet = false;
};

void print_level(const char* when, const Loudness& loudness) {
  std::cout << when;
  if (loudness.integrated_lufs) std::cout << ' ' << *loudness.integrated_lufs << " LUFS";
  if (loudness.true_peak_dbtp) std::cout << ", peak " << *loudness.true_peak_dbtp << " dBTP";
}

void run_normalise(NormaliseArguments& arguments) {
  NormaliseReport report;
  run_in_foreground(arguments.quiet, [&](const JobContext& job) {
    report = normalise_file(arguments.request, job);
  });
  if (!report.reaches_target) {
    std::cerr << "ams: warning: the peaks allow no more; lower --target or raise --ceiling\n";
  }
  if (arguments.quiet) return;
  std::cout << std::fixed << std::setprecision(1) << report.target.string() << ": ";
  print_level("before", report.before);
  print_level("; now", report.after);
  std::cout << "; gain " << report.gain_db << " dB";
  if (report.reduction_db > 0) std::cout << ", limiter up to " << report.reduction_db << " dB";
  std::cout << '\n';
}

void run_export(ExportArguments& arguments) {
  ExportReport report;
  run_in_foreground(arguments.quiet,
                    [&](const JobContext& job) { report = export_audio(arguments.request, job); });
  if (report.gain_db < 0) {
    std::cerr << std::fixed << std::setprecision(1) << "ams: warning: the song exceeds full scale; "
              << "it was scaled by " << report.gain_db << " dB\n";
  }
  if (arguments.quiet) return;
  std::cout << std::fixed << std::setprecision(1) << report.target.string() << ": "
            << audio_format_info(report.format).name << ", " << report.sample_rate << " Hz, "
            << report.duration_seconds << " s, " << report.bytes << " bytes\n";
}

}  // namespace

void add_normalise_command(CLI::App& program, const Environment&, Action& action) {
  CLI::App* command = program.add_subcommand("normalise", "Bring a song to a loudness");
  const auto arguments = std::make_shared<NormaliseArguments>();
  command->add_option("file", arguments->request.source, "The song, up to 600 s")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("-o,--output",
                   arguments->request.target,
                   "File to write; .wav, .flac, .mp3 or .opus (default: FILE.lufs-14.wav)")
      ->type_name("FILE");
  command->add_flag("--quiet,-q", arguments->quiet, "Print nothing but errors and warnings");
  add_flags(*command, fields(arguments->request));
  command->callback([arguments, &action] { action = [arguments] { run_normalise(*arguments); }; });
}

void add_export_command(CLI::App& program, const Environment&, Action& action) {
  CLI::App* command =
      program.add_subcommand("export", "Write a song as MP3, FLAC, WAV or Opus, with its tags");
  const auto arguments = std::make_shared<ExportArguments>();
  command->add_option("file", arguments->request.source, "The song, up to 600 s")
      ->type_name("FILE")
      ->required();
  command
      ->add_option(
          "-o,--output", arguments->request.target, "File to write; .wav, .flac, .mp3 or .opus")
      ->type_name("FILE")
      ->required();
  command->add_flag("--quiet,-q", arguments->quiet, "Print nothing but errors and warnings");
  add_flags(*command, fields(arguments->request));
  command->callback([arguments, &action] { action = [arguments] { run_export(*arguments); }; });
}

}  // namespace ams
