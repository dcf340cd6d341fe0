// Fetches presets and models.
#pragma once

#include <string>

#include "studio/jobs/stage_reporter.h"
#include "studio/jobs/workshop.h"

namespace ams {

// Fetches what a model needs before it opens, with stage "downloading"; nothing to do for an empty
// name, without a downloader, or if it is there. Throws as Downloader::fetch(). Any lane.
void fetch_before_use(const std::string& name,
                      Job& job,
                      const Workshop& shop,
                      StageReporter& reporter);

// The job of a preset or model. Throws Unsupported without a downloader. Download lane.
void run_download_task(const std::string& name, Job& job, const Workshop& shop);

}  // namespace ams
