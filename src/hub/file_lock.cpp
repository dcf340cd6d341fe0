#include "hub/file_lock.h"

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

namespace ams {
namespace {

// flock() can wait by itself, but not for a stop request as well.
constexpr auto kPollInterval = std::chrono::milliseconds(100);

}  // namespace

FileLock::FileLock(const std::filesystem::path& path,
                   const std::stop_token& stop,
                   const std::function<void()>& on_wait) {
  descriptor_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) {
    throw Error(ErrorCode::Internal,
                str("hub: cannot make the lock '",
                    path.string(),
                    "': ",
                    std::generic_category().message(errno)));
  }
  std::mutex mutex;  // guards nothing: only the stop ends a pause early
  std::condition_variable_any stopped;
  while (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) {
      log(LogLevel::Warning, "hub", str("no locks on the file system of ", path.string()));
      return;
    }
    on_wait();
    std::unique_lock lock(mutex);
    stopped.wait_for(lock, stop, kPollInterval, [] { return false; });
    if (!stop.stop_requested()) continue;
    close(descriptor_);
    throw Error(ErrorCode::Cancelled, "hub: cancelled; the next download goes on from here");
  }
}

FileLock::~FileLock() { close(descriptor_); }

}  // namespace ams
