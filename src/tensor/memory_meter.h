// How many bytes a device's buffers take: weights, caches, intermediate values, scratch space.
#pragma once

#include <cstddef>
#include <utility>

namespace ams {

// Confined to the worker thread.
class MemoryMeter {
 public:
  void add(size_t bytes);
  void remove(size_t bytes) { current_ -= bytes; }
  // Scratch space of graphs. A back end keeps the largest that it ever needed.
  void need_scratch(size_t bytes) { scratch_ = bytes > scratch_ ? bytes : scratch_; }

  size_t current() const { return current_; }  // without scratch space
  size_t peak() const { return peak_; }        // of current(), since the last restart
  size_t scratch() const { return scratch_; }
  void restart_peak() { peak_ = current_; }

 private:
  size_t current_ = 0;
  size_t scratch_ = 0;
  size_t peak_ = 0;
};

// Bytes that count as long as it lives. Move-only; the meter must outlive it.
class MeteredBytes {
 public:
  MeteredBytes() = default;
  MeteredBytes(MemoryMeter& meter, size_t bytes) : meter_(&meter), bytes_(bytes) {
    meter.add(bytes);
  }
  ~MeteredBytes() { release(); }
  MeteredBytes(MeteredBytes&& other) noexcept
      : meter_(std::exchange(other.meter_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  MeteredBytes& operator=(MeteredBytes&& other) noexcept;

  size_t bytes() const { return bytes_; }

 private:
  void release() {
    if (meter_) meter_->remove(bytes_);
  }

  MemoryMeter* meter_ = nullptr;  // null: nothing is counted
  size_t bytes_ = 0;
};

}  // namespace ams
