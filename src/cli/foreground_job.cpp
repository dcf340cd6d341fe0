#include "cli/foreground_job.h"

#include <iostream>
#include <stop_token>

#include <unistd.h>

#include "cli/interrupt.h"
#include "cli/progress_display.h"

namespace ams {

void run_in_foreground(bool quiet, const std::function<void(const JobContext&)>& work) {
  const ProgressStyle drawn =
      isatty(STDERR_FILENO) != 0 ? ProgressStyle::Terminal : ProgressStyle::Plain;
  ProgressDisplay display(std::cerr, quiet ? ProgressStyle::Silent : drawn);
  const std::stop_source stop;
  const InterruptGuard guard(stop);
  const JobContext context{
      .stop = stop.get_token(),
      .progress = [&display](const Progress& progress) { display.update(progress); }};
  try {
    work(context);
    display.finish();
  } catch (...) {
    display.finish();
    throw;
  }
}

}  // namespace ams
