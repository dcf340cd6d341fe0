#include "unit/studio_jobs/fake_clock.h"

namespace ams {

bool FakeClock::wait_until(std::unique_lock<std::mutex>& lock,
                           std::condition_variable& changed,
                           TimePoint deadline,
                           const std::function<bool()>& ready) const {
  // Short naps, because moving this clock wakes nobody.
  while (!ready() && now() < deadline) changed.wait_for(lock, std::chrono::milliseconds(1));
  return ready();
}

}  // namespace ams
