// A job on the calling thread with progress on standard error and Ctrl-C as a stop request.
#pragma once

#include <functional>

#include "studio/engine.h"

namespace ams {

// Returns when `work` does; its errors pass. Quiet: no progress is shown.
void run_in_foreground(bool quiet, const std::function<void(const JobContext&)>& work);

}  // namespace ams
