#include "studio/jobs/job.h"

#include <algorithm>
#include <utility>

namespace ams {

// Brings the view up to an event.
struct Job::Fold {
  JobView& view;

  void operator()(const QueuedEvent& event) const { view.queue = event; }
  void operator()(const StageEvent& event) const { view.progress = event; }
  void operator()(const PlanEvent& event) const { view.plan = event.plan; }
  void operator()(const TextEvent& event) const {
    view.text += event.text;
    view.tokens = event.tokens;
  }
  void operator()(const WarningEvent& event) const { view.warnings.push_back(event.problem); }
  void operator()(const DoneEvent& event) const {
    finish(JobState::Done);
    view.result_id = event.result_id;
  }
  void operator()(const ErrorEvent& event) const {
    finish(JobState::Failed);
    view.error = event.problem;
  }
  void operator()(const CancelledEvent&) const { finish(JobState::Cancelled); }
  void operator()(const HeartbeatEvent&) const {}

  void finish(JobState state) const {
    view.state = state;
    view.queue.reset();
  }
};

Job::Job(Facts facts, const Clock& clock)
    : facts_(std::move(facts)), clock_(clock), submitted_at_(clock.now()) {
  view_.id = facts_.id;
  view_.kind = facts_.kind;
  view_.created_at = clock.date();
  view_.request = facts_.request;
  view_.result_id = facts_.result_id;
  view_.model = facts_.model;
}

void Job::start() {
  const std::lock_guard lock(mutex_);
  if (view_.state != JobState::Queued) return;
  view_.state = JobState::Running;
  view_.queue.reset();
  started_at_ = clock_.now();
}

void Job::emit(EventBody body) {
  {
    const std::lock_guard lock(mutex_);
    if (is_finished_locked()) return;
    if (std::holds_alternative<QueuedEvent>(body) && view_.state != JobState::Queued) return;
    if (std::holds_alternative<HeartbeatEvent>(body)) return;
    const JobEvent event{view_.last_event + 1, std::move(body)};
    std::visit(Fold{view_}, event.body);
    view_.last_event = event.id;
    events_.push_back(event);
    if (is_finished_locked()) finished_at_ = clock_.now();
  }
  changed_.notify_all();
}

JobState Job::state() const {
  const std::lock_guard lock(mutex_);
  return view_.state;
}

bool Job::is_finished() const {
  const std::lock_guard lock(mutex_);
  return is_finished_locked();
}

bool Job::is_finished_locked() const {
  return view_.state != JobState::Queued && view_.state != JobState::Running;
}

double Job::queue_seconds() const {
  const std::lock_guard lock(mutex_);
  return seconds_between(submitted_at_,
                         view_.state == JobState::Queued ? clock_.now() : started_at_);
}

double Job::elapsed_seconds() const {
  const std::lock_guard lock(mutex_);
  return view_.state == JobState::Queued ? 0.0 : seconds_between(started_at_, clock_.now());
}

Clock::TimePoint Job::finished_at() const {
  const std::lock_guard lock(mutex_);
  return finished_at_;
}

JobView Job::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

EventBatch Job::batch_locked(int64_t after) const {
  EventBatch batch;
  for (const JobEvent& event : events_) {
    if (event.id > after) batch.events.push_back(event);
  }
  batch.is_complete = is_finished_locked();
  return batch;
}

EventBatch Job::events_after(int64_t after) const {
  const std::lock_guard lock(mutex_);
  return batch_locked(after);
}

EventBatch Job::wait_after(int64_t after,
                           std::chrono::seconds heartbeat_interval,
                           const std::stop_token& stop) const {
  const std::stop_callback wake(stop, [this] {
    // Under the lock, so that a waiter is either before its look at `stop` or asleep.
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  const auto has_news = [&] {
    return view_.last_event > after || is_finished_locked() || stop.stop_requested();
  };
  const Clock::TimePoint deadline = clock_.now() + heartbeat_interval;
  if (clock_.wait_until(lock, changed_, deadline, has_news)) return batch_locked(after);
  return {{JobEvent{view_.last_event, HeartbeatEvent{}}}, /*is_complete=*/false};
}

void Job::restore(int64_t event,
                  const std::string& result_id,
                  std::chrono::system_clock::time_point created_at) {
  const std::lock_guard lock(mutex_);
  view_.created_at = created_at;
  events_ = {JobEvent{event, DoneEvent{result_id}}};
  std::visit(Fold{view_}, events_.front().body);
  view_.last_event = event;
  finished_at_ = clock_.now();
}

}  // namespace ams
