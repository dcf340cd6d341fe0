// How many event streams are open.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace ams {

// Thread-safe.
class StreamCount {
 public:
  // Each stream holds a thread; the other threads stay for everything else.
  static constexpr int kMaxStreams = 320;

  bool enter();  // false: there are as many as may be
  void leave();
  void wait_until_none(std::chrono::milliseconds patience);

 private:
  std::mutex mutex_;  // guards open_
  std::condition_variable changed_;
  int open_ = 0;
};

// Counts a stream while it lives.
class StreamSlot {
 public:
  explicit StreamSlot(StreamCount& count) : count_(count), is_taken_(count.enter()) {}
  ~StreamSlot() {
    if (is_taken_) count_.leave();
  }
  StreamSlot(const StreamSlot&) = delete;
  StreamSlot& operator=(const StreamSlot&) = delete;
  bool is_taken() const { return is_taken_; }

 private:
  StreamCount& count_;
  bool is_taken_;
};

}  // namespace ams
