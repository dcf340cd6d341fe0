#include "studio/jobs/attempts.h"

#include <memory>
#include <utility>

#include "base/log.h"
#include "base/str.h"
#include "studio/jobs/time_budget.h"

namespace ams {
namespace {

constexpr int64_t kMostAttempts = 2;

// Observes one attempt and stops it when its time is over.
class Watch {
 public:
  Watch(Job& job, const Workshop& shop, StageReporter& reporter, std::optional<int64_t> budget)
      : shop_(shop),
        reporter_(reporter),
        budget_(budget),
        timer_(shop.clock),
        forward_(job.stop_token(), [this] { stop_.request_stop(); }) {}

  std::stop_token stop_token() const { return stop_.get_token(); }

  void observe(const Progress& progress) {
    const std::optional<Stage> stage = stage_of_progress(progress.stage);
    timer_.observe(stage.value_or(Stage::Diffusion));
    if (stage == Stage::Loading && !turn_) turn_.emplace(shop_.models);
    if (stage != Stage::Loading) turn_.reset();
    reporter_.report(progress);
    if (!budget_ || timer_.compute_seconds() <= static_cast<double>(*budget_)) return;
    is_expired_ = true;
    stop_.request_stop();
  }

  bool is_expired() const { return is_expired_; }
  const ComputeTimer& timer() const { return timer_; }

 private:
  const Workshop& shop_;
  StageReporter& reporter_;
  const std::optional<int64_t> budget_;
  ComputeTimer timer_;
  bool is_expired_ = false;
  std::optional<ModelManager::LoadTurn> turn_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> forward_;  // after what it uses
};

std::string last_stage(const StageReporter& reporter) {
  return reporter.stage() ? std::string(stage_name(*reporter.stage())) : "start";
}

ProblemError timed_out(const Watch& watch, const StageReporter& reporter, int64_t budget) {
  Problem problem;
  problem.level = ProblemLevel::Warning;
  problem.message = str("the job computed for ",
                        static_cast<int64_t>(watch.timer().compute_seconds()),
                        " s, more than the ",
                        budget,
                        " s of its second attempt, and was stopped in stage '",
                        last_stage(reporter),
                        "'; take fewer steps or a shorter duration");
  return {ErrorCode::TimedOut, std::move(problem)};
}

// What the next attempt does differently; empty: there is no use in one.
struct Remedy {
  std::string title;
  std::string message;
  int64_t budget_factor = 1;
  bool smallest_tiles = false;
  bool needs_seed = false;
};

std::optional<Remedy> remedy_for(const std::exception_ptr& failure,
                                 const Watch& watch,
                                 const AttemptOptions& options) {
  if (watch.is_expired()) {
    return Remedy{.title = "A second attempt with more time",
                  .message = str("the time budget of ",
                                 options.budget_seconds.value_or(0),
                                 " s was used up; the job starts again with twice as much"),
                  .budget_factor = 2};
  }
  try {
    std::rethrow_exception(failure);
  } catch (const UnusableSound& error) {
    if (!options.may_change_seed) return std::nullopt;
    return Remedy{
        .title = "A second attempt with another seed", .message = error.what(), .needs_seed = true};
  } catch (...) {
    if (current_error().code() != ErrorCode::OutOfMemory) return std::nullopt;
    return Remedy{.title = "A second attempt with less memory",
                  .message = current_error().what(),
                  .smallest_tiles = watch.timer().has_computed()};
  }
}

}  // namespace

AttemptOutcome run_attempts(Job& job,
                            const Workshop& shop,
                            StageReporter& reporter,
                            const AttemptOptions& options,
                            const std::function<void(const Attempt&)>& make) {
  AttemptOutcome outcome;
  Remedy remedy;
  for (;;) {
    ++outcome.attempts;
    std::optional<int64_t> budget = options.budget_seconds;
    if (budget) *budget *= remedy.budget_factor;
    Watch watch(job, shop, reporter, budget);
    Attempt attempt;
    attempt.needs_seed = remedy.needs_seed;
    attempt.context.stop = watch.stop_token();
    attempt.context.smallest_tiles = remedy.smallest_tiles;
    attempt.context.progress = [&watch](const Progress& progress) { watch.observe(progress); };
    attempt.context.plan = [&job](const PlannedSong& plan) { job.emit(PlanEvent{plan}); };
    std::exception_ptr failure;
    try {
      make(attempt);
    } catch (...) {
      failure = std::current_exception();
    }
    outcome.load_seconds += watch.timer().load_seconds();
    if (!failure) return outcome;
    if (job.stop_token().stop_requested()) std::rethrow_exception(failure);
    const auto next = remedy_for(failure, watch, options);
    if (!next || outcome.attempts == kMostAttempts) {
      if (watch.is_expired()) throw timed_out(watch, reporter, budget.value_or(0));
      std::rethrow_exception(failure);
    }
    remedy = *next;
    log(LogLevel::Warning, "studio", str("job ", job.id(), ": ", remedy.message));
    job.emit(WarningEvent{warning_problem(remedy.title, remedy.message)});
    if (!watch.is_expired()) shop.models.put_away_others(options.part);
  }
}

}  // namespace ams
