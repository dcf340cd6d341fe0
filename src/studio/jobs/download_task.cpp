#include "studio/jobs/download_task.h"

#include <utility>

#include "base/error.h"
#include "base/str.h"
#include "studio/jobs/problem.h"

namespace ams {

void fetch_before_use(const std::string& name,
                      Job& job,
                      const Workshop& shop,
                      StageReporter& reporter) {
  if (name.empty() || !shop.parts.downloader || shop.parts.downloader->is_present(name)) return;
  reporter.enter(Stage::Downloading, name);
  DownloadContext context;
  context.stop = job.stop_token();
  context.progress = [&reporter](const DownloadProgress& progress) { reporter.report(progress); };
  try {
    shop.parts.downloader->fetch(name, context);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::OutOfMemory) throw;
    // What is short is the disk: a shorter song would not help.
    Problem problem;
    problem.title = "The disk is full";
    problem.message = error.what();
    problem.actions = {WayOut::Retry};
    throw ProblemError(ErrorCode::OutOfMemory, std::move(problem));
  }
}

void run_download_task(const std::string& name, Job& job, const Workshop& shop) {
  if (!shop.parts.downloader) {
    throw Error(ErrorCode::Unsupported,
                str("studio: '", name, "' is not here and this server downloads nothing"));
  }
  StageReporter reporter(job, shop.clock, shop.times);
  fetch_before_use(name, job, shop, reporter);
}

}  // namespace ams
