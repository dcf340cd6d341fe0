// One thread for each connection, kept for the next one.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ams {

// Threads start when they are needed, so an idle server has none, and live as long as the object.
// Thread-safe.
class ConnectionThreads {
 public:
  explicit ConnectionThreads(size_t max_threads) : max_threads_(max_threads) {}
  // Waits for all tasks.
  ~ConnectionThreads();
  ConnectionThreads(const ConnectionThreads&) = delete;
  ConnectionThreads& operator=(const ConnectionThreads&) = delete;

  // False when all threads are busy or the system has none left; the task is dropped then. A task
  // must not throw.
  bool run(std::function<void()> task);

 private:
  void work();

  const size_t max_threads_;
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  size_t idle_ = 0;
  bool is_ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace ams
