#include "cli/lyrics_job.h"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <memory>
#include <sstream>
#include <stop_token>
#include <string_view>

#include <unistd.h>

#include "api/lyrics_json.h"
#include "base/error.h"
#include "base/fields.h"
#include "base/text_file.h"
#include "cli/interrupt.h"
#include "cli/progress_display.h"
#include "studio/lyrics/lyrics_writer.h"

namespace ams {
namespace {

// Models write what they like; a terminal must not take it for commands.
std::string printable(std::string_view text) {
  std::string shown(text);
  std::replace_if(
      shown.begin(),
      shown.end(),
      [](char byte) {
        const bool is_control = static_cast<unsigned char>(byte) < ' ' || byte == 0x7f;
        return is_control && byte != '\n' && byte != '\t';
      },
      ' ');
  return shown;
}

bool streams(const LyricsOutput& output) { return !output.quiet && isatty(STDOUT_FILENO) != 0; }

// The interrupt guard of the caller spans loading as well.
LyricsDraft write_draft(const LyricsJob& job, const std::stop_source& stop) {
  EngineOptions options = job.engine;
  options.model = job.request.model;
  ProgressDisplay display(std::cerr, progress_style(job.output.quiet));
  const bool is_live = streams(job.output);
  LyricsContext context;
  context.stop = stop.get_token();
  context.progress = [&](const Progress& progress) {
    // The text itself shows how far it is; a line that is redrawn would run into it.
    const bool hides = is_live && progress.stage == "writing";
    hides ? display.finish() : display.update(progress);
  };
  if (is_live) {
    context.text = [](std::string_view piece) { std::cout << printable(piece) << std::flush; };
  }
  try {
    const std::unique_ptr<LyricsWriter> writer = LyricsWriter::open(options);
    LyricsDraft draft = writer->write(job.request, context);
    display.finish();
    if (is_live) std::cout << std::endl;
    return draft;
  } catch (...) {
    display.finish();
    if (is_live) std::cout << std::endl;
    throw;
  }
}

void print_summary(const LyricsJob& job, const LyricsDraft& draft) {
  for (const auto* warnings : {&job.warnings, &draft.warnings}) {
    for (const std::string& warning : *warnings) std::cerr << "ams: warning: " << warning << '\n';
  }
  std::ostringstream line;
  line << std::fixed << std::setprecision(1)
       << (job.output.text ? job.output.text->string() : "lyrics") << ": " << draft.tokens
       << " tokens, seed " << draft.seed << ", written in " << draft.wall_seconds << " s by "
       << draft.model << " on " << draft.device_name;
  if (draft.stop_reason == LyricsStop::Length) line << "; stopped by --max-new-tokens";
  std::cerr << line.str() << '\n';
}

}  // namespace

void run_lyrics_job(const LyricsJob& job) {
  if (job.output.text) require_writable(*job.output.text);
  if (job.output.metadata) require_writable(*job.output.metadata);
  const std::stop_source stop;
  const InterruptGuard guard(stop);
  const LyricsDraft draft = write_draft(job, stop);
  if (stop.stop_requested()) {
    throw Error(ErrorCode::Cancelled, "cancelled; no file was written");
  }
  if (job.output.text) {
    write_text_file(*job.output.text, draft.text);
  } else if (!streams(job.output)) {
    std::cout << draft.text << std::flush;
  }
  if (job.output.metadata) {
    const JobFacts facts{.job_id = make_job_id(),
                         .created_at = utc_timestamp(),
                         .warnings = job.warnings,
                         .keeps_request = true};
    const Json document = lyrics_metadata_json(job.request, draft, facts);
    write_text_file(*job.output.metadata, document.dump(2) + "\n");
  }
  if (!job.output.quiet) print_summary(job, draft);
}

}  // namespace ams
