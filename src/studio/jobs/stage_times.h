// What stages of earlier jobs took on this machine, and what that says about later ones.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "studio/jobs/job_event.h"
#include "studio/jobs/job_view.h"

namespace ams {

using StageSeconds = std::map<Stage, double>;

// Times are kept per mode and per unit of work: seconds of audio, times steps for diffusion, tokens
// for lyrics. The latest job counts half. Nothing is known of a mode before its first job ended.
// Thread-safe.
class StageTimes {
 public:
  void record(const JobRequest& request, const StageSeconds& seconds);

  // Of the whole job with loaded models.
  std::optional<double> whole(const JobRequest& request) const;
  // From a moment in `stage`, `elapsed` seconds after it began, to the end of the job.
  std::optional<double> remaining(const JobRequest& request,
                                  Stage stage,
                                  std::optional<double> fraction,
                                  double elapsed) const;

 private:
  std::optional<double> expected_locked(const JobRequest& request, Stage stage) const;

  mutable std::mutex mutex_;                   // rates_
  std::map<std::string, StageSeconds> rates_;  // by mode; seconds per unit of work
};

}  // namespace ams
