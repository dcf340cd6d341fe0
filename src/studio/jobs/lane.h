// One thread that works off a queue, strictly first come, first served.
//
// Invariants: at most one task runs; tasks start in the order of submit(); at most `max_waiting`
// wait; after close() nothing is accepted and nothing that waits is started.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "studio/jobs/job.h"

namespace ams {

// Thread-safe.
class Lane {
 public:
  using Work = std::function<void(Job&)>;
  using Jobs = std::vector<std::shared_ptr<Job>>;  // shared: sessions look at their jobs meanwhile

  struct Line {
    std::shared_ptr<Job> running;  // null: none
    Jobs waiting;                  // next one first
  };

  // `name`: for messages ("engine"). `changed` runs without locks whenever a job leaves the queue.
  Lane(std::string name, size_t max_waiting, std::function<void()> changed);
  ~Lane();  // close(), then waits for the running task
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // `work` must not throw. Throws Busy.
  void submit(std::shared_ptr<Job> job, Work work);
  // Whether the job was waiting and is now out of the queue.
  bool remove(const Job& job);
  Line line() const;
  // What was waiting; the running task goes on.
  Jobs close();

 private:
  struct Entry {
    std::shared_ptr<Job> job;
    Work work;
  };
  void run(const std::stop_token& stop);

  const std::string name_;
  const size_t max_waiting_;
  const std::function<void()> changed_;

  mutable std::mutex mutex_;  // waiting_, running_, is_closed_
  std::condition_variable_any has_work_;
  std::deque<Entry> waiting_;
  std::shared_ptr<Job> running_;
  bool is_closed_ = false;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace ams
