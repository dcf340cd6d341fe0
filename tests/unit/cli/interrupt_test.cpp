#include "cli/interrupt.h"

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>

#include <gtest/gtest.h>

namespace ams {
namespace {

// True if a stop is requested within a generous time.
bool is_stopped_soon(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait_for(lock, stop, std::chrono::seconds(10), [] { return false; });
  return stop.stop_requested();
}

TEST(InterruptGuard, turns_the_first_signal_into_a_stop_request) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const std::stop_source stop;
    const InterruptGuard guard(stop);
    EXPECT_FALSE(stop.stop_requested());
    std::raise(signal);
    EXPECT_TRUE(is_stopped_soon(stop.get_token())) << signal;
  }
}

TEST(InterruptGuard, ends_without_a_signal) {
  const std::stop_source stop;
  { const InterruptGuard guard(stop); }
  EXPECT_FALSE(stop.stop_requested());
}

TEST(InterruptGuardDeathTest, lets_a_second_signal_end_the_process) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const std::stop_source stop;
        const InterruptGuard guard(stop);
        std::raise(SIGINT);
        is_stopped_soon(stop.get_token());
        // The watcher restores the default right after the request.
        for (int i = 0; i < 100; ++i) {
          std::raise(SIGINT);
          std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
      },
      testing::KilledBySignal(SIGINT),
      "");
}

}  // namespace
}  // namespace ams
