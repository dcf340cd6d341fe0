#include "studio/jobs/lane.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/str.h"

namespace ams {

Lane::Lane(std::string name, size_t max_waiting, std::function<void()> changed)
    : name_(std::move(name)),
      max_waiting_(max_waiting),
      changed_(std::move(changed)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Lane::~Lane() {
  close();
  thread_.request_stop();
  thread_.join();
}

void Lane::submit(std::shared_ptr<Job> job, Work work) {
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_) throw Error(ErrorCode::Busy, "studio: the server is shutting down");
    if (waiting_.size() >= max_waiting_) {
      throw Error(ErrorCode::Busy,
                  str("studio: ",
                      waiting_.size(),
                      " jobs are waiting in the ",
                      name_,
                      " queue, which takes no more; try again in a minute"));
    }
    waiting_.push_back({std::move(job), std::move(work)});
  }
  has_work_.notify_one();
}

bool Lane::remove(const Job& job) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const Entry& entry) {
    return entry.job.get() == &job;
  });
  if (found == waiting_.end()) return false;
  waiting_.erase(found);
  return true;
}

Lane::Line Lane::line() const {
  const std::lock_guard lock(mutex_);
  Line line;
  line.running = running_;
  for (const Entry& entry : waiting_) line.waiting.push_back(entry.job);
  return line;
}

Lane::Jobs Lane::close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  Jobs jobs;
  for (Entry& entry : waiting_) jobs.push_back(std::move(entry.job));
  waiting_.clear();
  return jobs;
}

void Lane::run(const std::stop_token& stop) {
  for (;;) {
    Entry entry;
    {
      std::unique_lock lock(mutex_);
      if (!has_work_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
      entry = std::move(waiting_.front());
      waiting_.pop_front();
      running_ = entry.job;
    }
    entry.job->start();
    changed_();
    entry.work(*entry.job);
    {
      const std::lock_guard lock(mutex_);
      running_.reset();
    }
    changed_();
  }
}

}  // namespace ams
