// From an engine's progress to a job's stage events.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "studio/engine.h"
#include "studio/jobs/job.h"
#include "studio/jobs/stage_times.h"
#include "studio/jobs/studio_parts.h"

namespace ams {

// Steps may follow each other faster than anybody can look: within a stage, an event is added at
// most four times a second, a download's at most once, and for the last step. Confined to one
// thread.
class StageReporter {
 public:
  StageReporter(Job& job, const Clock& clock, const StageTimes& times);

  // Progress without an event of its own is left out.
  void report(const Progress& progress);
  void enter(Stage stage, std::string_view message = {});
  void report(const DownloadProgress& progress);

  std::optional<Stage> stage() const { return stage_; }
  // Ends the current stage; what each stage took so far.
  const StageSeconds& finish();

 private:
  void emit(StageEvent event, std::chrono::milliseconds pause, bool is_last_step);

  Job& job_;
  const Clock& clock_;
  const StageTimes& times_;
  std::optional<Stage> stage_;
  Clock::TimePoint entered_;
  Clock::TimePoint emitted_;
  bool is_downloaded_ = false;  // what is left is to check it
  StageSeconds seconds_;
};

}  // namespace ams
