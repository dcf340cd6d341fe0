#include "cli/song_job.h"

#include <iomanip>
#include <iostream>
#include <memory>
#include <sstream>
#include <stop_token>
#include <utility>

#include "api/metadata_json.h"
#include "base/error.h"
#include "base/str.h"
#include "base/text_file.h"
#include "cli/interrupt.h"
#include "cli/progress_display.h"
#include "studio/song_file.h"

namespace ams {
namespace {

void check_output(const SongOutput& output) {
  if (output.audio.extension() != ".wav") {
    throw Error(ErrorCode::InvalidRequest,
                str("output: '", output.audio.string(), "' expected a name that ends in .wav"));
  }
  require_writable(output.audio);
  if (output.metadata) require_writable(*output.metadata);
}

void throw_if_stopped(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Error(ErrorCode::Cancelled, "cancelled; no file was written");
}

// Song and report; progress is shown meanwhile. The interrupt guard spans loading as well.
SongResult make_song(const SongJob& job, const std::stop_source& stop) {
  ProgressDisplay display(std::cerr, progress_style(job.output.quiet));
  const JobContext context{
      .stop = stop.get_token(),
      .progress = [&display](const Progress& progress) { display.update(progress); }};
  try {
    const std::unique_ptr<Engine> engine = Engine::open(job.engine);
    throw_if_stopped(context.stop);
    SongResult result = engine->generate(job.request, context);
    display.finish();
    return result;
  } catch (...) {
    display.finish();
    throw;
  }
}

void print_summary(const SongJob& job, const SongReport& report, const SongFile& file) {
  for (const auto* warnings : {&job.warnings, &report.warnings}) {
    for (const std::string& warning : *warnings) std::cerr << "ams: warning: " << warning << '\n';
  }
  std::ostringstream line;
  line << std::fixed << std::setprecision(1) << job.output.audio.string() << ": "
       << file.duration_seconds << " s, seed " << report.seed << ", made in " << report.wall_seconds
       << " s on " << report.device_name;
  std::cout << line.str() << '\n';
}

}  // namespace

void run_song_job(const SongJob& job) {
  check_output(job.output);
  const std::stop_source stop;
  const InterruptGuard guard(stop);
  const SongResult result = make_song(job, stop);
  throw_if_stopped(stop.get_token());

  const SongFile file = write_song_file(job.output.audio, result.audio);
  if (job.output.metadata) {
    const JobFacts facts{.job_id = make_job_id(),
                         .created_at = utc_timestamp(),
                         .warnings = job.warnings,
                         .keeps_request = true};
    const Json document = song_metadata_json(job.request, result.report, file, facts);
    write_text_file(*job.output.metadata, document.dump(2) + "\n");
  }
  if (!job.output.quiet) print_summary(job, result.report, file);
}

}  // namespace ams
