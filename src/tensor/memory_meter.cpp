#include "tensor/memory_meter.h"

#include <algorithm>

namespace ams {

void MemoryMeter::add(size_t bytes) {
  current_ += bytes;
  peak_ = std::max(peak_, current_);
}

MeteredBytes& MeteredBytes::operator=(MeteredBytes&& other) noexcept {
  if (this != &other) {
    release();
    meter_ = std::exchange(other.meter_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

}  // namespace ams
