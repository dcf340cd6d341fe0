// How long a job may compute (studio.md 6.3).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "studio/jobs/clock.h"
#include "studio/jobs/job_event.h"
#include "studio/jobs/job_view.h"
#include "studio/jobs/studio_options.h"

namespace ams {

// Seconds of computing on a CUDA card: clamp(base + 2 x length, 60, 300) by mode. 0 for monostate.
int64_t budget_seconds(const JobRequest& request);

// Seconds of audio that are made anew: the length above. 0 for lyrics.
double new_audio_seconds(const JobRequest& request);

// What is enforced on `device` ("cpu", "cuda", …); absent: the budget is only reported. Metal
// gets twice the length's share.
std::optional<int64_t> enforced_budget(const JobRequest& request,
                                       BudgetRule rule,
                                       std::string_view device);

// Counts the computing time of one attempt: what passes between two observations belongs to the
// stage before, and downloading and loading do not count. Confined to one thread.
class ComputeTimer {
 public:
  explicit ComputeTimer(const Clock& clock);

  void observe(Stage stage);                                   // a moment in this stage
  double compute_seconds() const { return compute_seconds_; }  // up to the last observation
  double load_seconds() const { return load_seconds_; }
  bool has_computed() const { return has_computed_; }  // a stage behind loading was reached

 private:
  const Clock& clock_;
  Clock::TimePoint last_;
  bool is_loading_ = false;
  bool has_computed_ = false;
  double compute_seconds_ = 0;
  double load_seconds_ = 0;
};

}  // namespace ams
