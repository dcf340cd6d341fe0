#include "studio/jobs/download_task.h"

#include "base/error.h"
#include "base/str.h"

namespace ams {

void fetch_before_use(const std::string& name,
                      Job& job,
                      const Workshop& shop,
                      StageReporter& reporter) {
  if (name.empty() || !shop.parts.downloader || shop.parts.downloader->is_present(name)) return;
  reporter.enter(Stage::Downloading, name);
  DownloadContext context;
  context.stop = job.stop_token();
  context.progress = [&](const DownloadProgress& progress) {
    const double fraction = progress.total > 0 ? static_cast<double>(progress.bytes) /
                                                     static_cast<double>(progress.total)
                                               : 0.0;
    reporter.download(progress.component, fraction);
  };
  shop.parts.downloader->fetch(name, context);
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
