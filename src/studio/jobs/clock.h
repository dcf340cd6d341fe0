// Time as the job engine sees it; tests have one of their own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace ams {

// Thread-safe.
class Clock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  virtual ~Clock() = default;

  // For durations and deadlines: never set back, whatever the machine's date does.
  virtual TimePoint now() const = 0;
  // The date, for people and for what survives a restart.
  virtual std::chrono::system_clock::time_point date() const = 0;
  // Waits on `changed` until `ready()` or `deadline`; returns ready(). `lock` is held by the caller
  // and while `ready` runs.
  virtual bool wait_until(std::unique_lock<std::mutex>& lock,
                          std::condition_variable& changed,
                          TimePoint deadline,
                          const std::function<bool()>& ready) const = 0;
};

// The machine's own clocks. Immutable; lives as long as the program.
const Clock& machine_clock();

// "2026-06-01T12:00:00Z", and back; unreadable text is the epoch.
std::string utc_text(std::chrono::system_clock::time_point date);
std::chrono::system_clock::time_point parse_utc(const std::string& text);

// Seconds from `begin` to `end`.
double seconds_between(Clock::TimePoint begin, Clock::TimePoint end);

}  // namespace ams
