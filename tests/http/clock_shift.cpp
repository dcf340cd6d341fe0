// Preloaded into the server by a test: adds the seconds in the file AMS_TEST_CLOCK to its date, as
// when somebody sets the machine's clock.
#include <cstdlib>

#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace {

long shift_seconds() {
  const char* const path = std::getenv("AMS_TEST_CLOCK");
  const int handle = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (handle < 0) return 0;
  char text[32] = {};
  const ssize_t count = read(handle, text, sizeof text - 1);
  close(handle);
  return count > 0 ? std::atol(text) : 0;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const int result = static_cast<int>(syscall(SYS_clock_gettime, clock, time));
  if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += shift_seconds();
  return result;
}
