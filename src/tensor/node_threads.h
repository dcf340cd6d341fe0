// What the threads of one graph node of our own share: its work items and their scratch memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ams {

// Work items of one node. Threads draw them one by one, so that a thread that the machine delays
// holds up the others by one item at most.
class Tickets {
 public:
  // Calls work(ticket) for tickets below `count` that no other thread has drawn. Each of `threads`
  // threads calls this once in a run of the node.
  template <typename Work>
  void draw(int threads, int64_t count, const Work& work) {
    int64_t ticket = next_.fetch_add(1, std::memory_order_relaxed);
    for (; ticket < count; ticket = next_.fetch_add(1, std::memory_order_relaxed)) work(ticket);
    // Every thread draws one ticket too many; the last of them makes the node ready for another
    // run.
    if (ticket == count + threads - 1) next_.store(0, std::memory_order_relaxed);
  }

 private:
  std::atomic<int64_t> next_{0};
};

// One scratch memory a thread, aligned to 64 bytes. Grown while a graph is built and not in the
// threads of a run, which have nowhere to report a lack of memory.
class ThreadScratch {
 public:
  explicit ThreadScratch(int threads) : memory_(static_cast<size_t>(threads)) {}

  int threads() const { return static_cast<int>(memory_.size()); }
  void reserve(int64_t floats) {
    const auto size = static_cast<size_t>(floats + kAlign);
    for (std::vector<float>& memory : memory_) {
      if (memory.size() < size) memory = std::vector<float>(size);
    }
  }
  float* of(int thread) {
    std::vector<float>& memory = memory_[static_cast<size_t>(thread)];
    const auto address = reinterpret_cast<uintptr_t>(memory.data()) / sizeof(float);
    return memory.data() + (kAlign - address % kAlign) % kAlign;
  }

 private:
  static constexpr int64_t kAlign = 16;  // floats

  std::vector<std::vector<float>> memory_;  // [thread]
};

}  // namespace ams
