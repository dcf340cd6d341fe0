// A queue whose card is the emulator; tests only.
#pragma once

#include "cuda/queue.h"

namespace ams::simt {

// Runs everything at once on the calling thread. Device memory is host memory that is filled with
// NaN and ends at a guard page. Products are plain loops with sums in fp64, rounded to y's type.
class EmulatedQueue : public cuda::Queue {
 public:
  cuda::DeviceMemory allocate(size_t bytes) override;
  void upload(void* to, const void* from, size_t bytes) override;
  void download(void* to, const void* from, size_t bytes) override;
  void copy(void* to, const void* from, size_t bytes) override;
  void multiply(const cuda::Product& product) override;
  std::unique_ptr<cuda::Recording> record(const std::function<void()>& work) override;
  void wait() override {}
  void* stream() const override { return nullptr; }

  // The next allocation of this many bytes or more fails, as on a full card; 0: none does.
  void limit_allocations(size_t bytes) { largest_allocation_ = bytes; }

 private:
  size_t largest_allocation_ = 0;
};

}  // namespace ams::simt
