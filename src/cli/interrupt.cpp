#include "cli/interrupt.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <unistd.h>

#include "base/error.h"

namespace ams {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};
constexpr char kInterrupted = 'i';
constexpr char kFinished = 'f';

// Ends of the pipe; a handler has no other way to reach them.
std::array<int, 2> pipe_ends{-1, -1};

void send(char message) {
  const int kept_errno = errno;
  // Nothing can be done about a full pipe: then a message is already on its way.
  [[maybe_unused]] const ssize_t written = write(pipe_ends[1], &message, 1);
  errno = kept_errno;
}

void set_handler(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  for (const int signal : kSignals) sigaction(signal, &action, nullptr);
}

void on_signal(int) { send(kInterrupted); }

void watch(const std::stop_source& stop) {
  char message = 0;
  for (;;) {
    const ssize_t count = read(pipe_ends[0], &message, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || message == kFinished) return;
    stop.request_stop();
    set_handler(SIG_DFL);
  }
}

}  // namespace

InterruptGuard::InterruptGuard(std::stop_source stop) {
  if (pipe(pipe_ends.data()) != 0) {
    throw Error(ErrorCode::Internal, "cli: no pipe for interrupts; too many open files?");
  }
  watcher_ = std::jthread([stop = std::move(stop)] { watch(stop); });
  set_handler(on_signal);
}

InterruptGuard::~InterruptGuard() {
  set_handler(SIG_DFL);
  send(kFinished);
  watcher_.join();
  for (const int end : pipe_ends) close(end);
}

}  // namespace ams
