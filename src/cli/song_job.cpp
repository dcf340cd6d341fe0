#include "cli/song_job.h"

#include <iomanip>
#include <iostream>
#include <memory>
#include <sstream>
#include <stop_token>

#include "api/metadata_json.h"
#include "base/error.h"
#include "base/text_file.h"
#include "cli/foreground_job.h"
#include "studio/models/song_model_files.h"
#include "studio/post/export_format.h"
#include "studio/post/song_tags.h"
#include "studio/song_file.h"

namespace ams {
namespace {

void check_output(const SongOutput& output) {
  format_of_name(output.audio);
  require_writable(output.audio);
  if (output.metadata) require_writable(*output.metadata);
}

void throw_if_stopped(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Error(ErrorCode::Cancelled, "cancelled; no file was written");
}

// The request as it ran goes into the file, so that the file alone can make its song again.
SongFile write_song(const SongJob& job, const SongResult& result) {
  const SongTagFacts facts{.request_json =
                               resolved_request_json(job.request, result.report).dump()};
  SongFileOptions options;
  options.format = format_of_name(job.output.audio);
  options.tags = song_tags(job.request, result.report, facts);
  return write_song_file(job.output.audio, result.audio, options);
}

void print_summary(const SongJob& job, const SongReport& report, const SongFile& file) {
  for (const auto* warnings : {&job.warnings, &report.warnings}) {
    for (const std::string& warning : *warnings) std::cerr << "ams: warning: " << warning << '\n';
  }
  if (is_built_in(report.models.dit)) {
    std::cerr << "ams: made by " << kBuiltInModel << "; " << kGetFullModel << '\n';
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
  SongResult result;
  SongFile file;
  run_in_foreground(job.output.quiet, [&](const JobContext& context) {
    const std::unique_ptr<Engine> engine = Engine::open(job.engine);
    throw_if_stopped(context.stop);
    result = engine->generate(job.request, context);
    throw_if_stopped(context.stop);
    file = write_song(job, result);
  });
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
