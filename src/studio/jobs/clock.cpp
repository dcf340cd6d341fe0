#include "studio/jobs/clock.h"

#include <ctime>
#include <iomanip>
#include <sstream>

namespace ams {
namespace {

constexpr const char* kUtcFormat = "%Y-%m-%dT%H:%M:%SZ";

class MachineClock : public Clock {
 public:
  TimePoint now() const override { return std::chrono::steady_clock::now(); }
  std::chrono::system_clock::time_point date() const override {
    return std::chrono::system_clock::now();
  }
  bool wait_until(std::unique_lock<std::mutex>& lock,
                  std::condition_variable& changed,
                  TimePoint deadline,
                  const std::function<bool()>& ready) const override {
    return changed.wait_until(lock, deadline, ready);
  }
};

}  // namespace

const Clock& machine_clock() {
  static const MachineClock clock;
  return clock;
}

std::string utc_text(std::chrono::system_clock::time_point date) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(date);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::ostringstream text;
  text << std::put_time(&utc, kUtcFormat);
  return text.str();
}

std::chrono::system_clock::time_point parse_utc(const std::string& text) {
  std::tm utc{};
  std::istringstream in(text);
  in >> std::get_time(&utc, kUtcFormat);
  if (in.fail()) return {};
  return std::chrono::system_clock::from_time_t(timegm(&utc));
}

double seconds_between(Clock::TimePoint begin, Clock::TimePoint end) {
  return std::chrono::duration<double>(end - begin).count();
}

}  // namespace ams
