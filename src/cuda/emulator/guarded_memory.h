// Memory that ends where a page begins that nobody may touch, so that a step too far stops the
// test.
#pragma once

#include <cstddef>

namespace ams::simt {

// Confined to one thread.
class GuardedMemory {
 public:
  // Filled with bytes of 0xFF: NaN as fp32, bf16, fp16 and fp64. The end is exact for sizes that
  // are multiples of 16; others are rounded up to that. Throws std::bad_alloc.
  explicit GuardedMemory(size_t bytes);
  ~GuardedMemory();
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  void poison();  // all bytes 0xFF again

 private:
  size_t size_;
  size_t mapped_ = 0;
  void* pages_ = nullptr;
  std::byte* data_ = nullptr;
};

}  // namespace ams::simt
