// A clock that stands still until a test moves it.
#pragma once

#include <atomic>

#include "studio/jobs/clock.h"

namespace ams {

// Thread-safe.
class FakeClock : public Clock {
 public:
  TimePoint now() const override { return TimePoint(std::chrono::nanoseconds(now_.load())); }
  std::chrono::system_clock::time_point date() const override {
    return std::chrono::system_clock::time_point(std::chrono::seconds(date_.load())) +
           std::chrono::duration_cast<std::chrono::system_clock::duration>(
               now().time_since_epoch());
  }
  bool wait_until(std::unique_lock<std::mutex>& lock,
                  std::condition_variable& changed,
                  TimePoint deadline,
                  const std::function<bool()>& ready) const override;

  void advance(std::chrono::nanoseconds duration) { now_ += duration.count(); }
  // As somebody who sets the machine's date.
  void set_date_back(std::chrono::seconds duration) { date_ -= duration.count(); }

 private:
  std::atomic<int64_t> now_ = 0;               // ns
  std::atomic<int64_t> date_ = 1'780'000'000;  // s of the epoch at time 0
};

}  // namespace ams
