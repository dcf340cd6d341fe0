#include "studio/post/post_source.h"

#include <system_error>

#include "base/error.h"
#include "base/str.h"

namespace ams {

DecodeOptions post_limits(const JobContext& job) {
  DecodeOptions options;
  options.max_bytes = int64_t{512} << 20;
  options.max_seconds = 600.0;
  options.stop = job.stop;
  return options;
}

DecodedAudio read_post_source(const std::filesystem::path& path, const JobContext& job) {
  report_stage(job, "reading", 0.0);
  DecodedAudio decoded = decode_audio_file(path, post_limits(job));
  report_stage(job, "reading", 1.0);
  return decoded;
}

void report_stage(const JobContext& job, std::string_view stage, double fraction) {
  Progress progress;
  progress.stage = stage;
  progress.fraction = fraction;
  job.progress(progress);
}

void throw_if_stopped(const JobContext& job, std::string_view what) {
  if (!job.stop.stop_requested()) return;
  throw Error(ErrorCode::Cancelled, str(what, ": cancelled; nothing was written"));
}

void require_other_file(const std::filesystem::path& source, const std::filesystem::path& target) {
  std::error_code error;
  if (!std::filesystem::equivalent(source, target, error) || error) return;
  throw Error(ErrorCode::InvalidRequest,
              str("output: '",
                  target.string(),
                  "' is the source itself, which is never changed; choose another name"));
}

}  // namespace ams
