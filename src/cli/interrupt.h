// Ctrl-C as a stop request.
#pragma once

#include <stop_token>
#include <thread>

namespace ams {

// While it lives, SIGINT, SIGTERM and SIGHUP request a stop instead of ending the process; a second
// one ends it. One object at a time. Confined to the main thread.
class InterruptGuard {
 public:
  // Throws Internal if the system has no pipes left.
  explicit InterruptGuard(std::stop_source stop);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  // A signal handler may only do what is safe in the middle of anything: it writes one byte into a
  // pipe. This thread waits at the other end and requests the stop.
  std::jthread watcher_;
};

}  // namespace ams
