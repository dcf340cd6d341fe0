// One job: its numbered events and the state that they add up to.
//
// Invariants:
// - Events are numbered from 1 without gaps and kept as long as the job.
// - view() at any moment equals the fold of events 1 to view().last_event.
// - After the first of done, error and cancelled no event is added and the state stays.
// - A queued event is added only while the job waits.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "studio/jobs/clock.h"
#include "studio/jobs/job_event.h"
#include "studio/jobs/job_view.h"

namespace ams {

// Thread-safe.
class Job {
 public:
  struct Facts {
    std::string id;
    std::string session;
    JobKind kind = JobKind::Song;
    JobRequest request = {};
    std::string result_id = {};  // that it works on; empty: none
    std::string model = {};      // that it fetches; empty: none
  };

  Job(Facts facts, const Clock& clock);
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  const std::string& id() const { return facts_.id; }
  const std::string& session() const { return facts_.session; }
  JobKind kind() const { return facts_.kind; }
  const JobRequest& request() const { return facts_.request; }
  const std::string& result_id() const { return facts_.result_id; }

  std::stop_token stop_token() const { return stop_.get_token(); }
  void request_stop() { stop_.request_stop(); }

  // Leaves the queue; no-op unless queued.
  void start();
  // Adds an event; see the invariants.
  void emit(EventBody body);

  JobState state() const;
  bool is_finished() const;
  Clock::TimePoint submitted_at() const { return submitted_at_; }
  double queue_seconds() const;    // so far, or until it started
  double elapsed_seconds() const;  // since it started
  Clock::TimePoint finished_at() const;
  JobView view() const;
  EventBatch events_after(int64_t after) const;
  // As Studio::wait_events().
  EventBatch wait_after(int64_t after,
                        std::chrono::seconds heartbeat_interval,
                        const std::stop_token& stop) const;

  // A job of an earlier run whose result survived: done, with one event numbered `event`.
  void restore(int64_t event,
               const std::string& result_id,
               std::chrono::system_clock::time_point created_at);

 private:
  struct Fold;
  EventBatch batch_locked(int64_t after) const;
  bool is_finished_locked() const;

  const Facts facts_;
  const Clock& clock_;
  const Clock::TimePoint submitted_at_;
  std::stop_source stop_;

  mutable std::mutex mutex_;  // events_, view_, started_at_, finished_at_
  mutable std::condition_variable changed_;
  std::vector<JobEvent> events_;
  JobView view_;
  Clock::TimePoint started_at_;
  Clock::TimePoint finished_at_;
};

}  // namespace ams
