// What a network on a card needs of it: memory, copies, matrix products, and work in order.
//
// Two implementations: CudaQueue (cuda_queue.h) on a card, EmulatedQueue
// (emulator/emulated_queue.h) in tests, where the same kernels run on the host and "device memory"
// is host memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace ams::cuda {

// Memory of a device; freed with its last owner.
using DeviceMemory = std::shared_ptr<void>;

enum class ValueType { F32, Bf16 };

// y [rows, outputs] = x [rows, inputs] w^T, w [outputs, inputs]; all dense, row-major, sums in
// fp32. bf16 x and w give bf16 or fp32 y; fp32 x and w give fp32 y, without TF32.
struct Product {
  const void* x = nullptr;
  const void* w = nullptr;
  void* y = nullptr;
  int64_t rows = 0, inputs = 0, outputs = 0;
  ValueType operands = ValueType::Bf16;
  ValueType result = ValueType::Bf16;
  // Added to the product, of y's shape and type; may be y itself. Null: nothing is added.
  const void* addend = nullptr;
};

// Work that was recorded once and runs as one.
class Recording {
 public:
  virtual ~Recording() = default;
  virtual void run() = 0;
};

// Work handed to one card, carried out in order. Confined to the worker thread. Every call but
// wait(), allocate() and download() returns at once. Errors of the card become Error{Internal},
// possibly at a later call; memory that is missing becomes Error{OutOfMemory}.
class Queue {
 public:
  virtual ~Queue() = default;

  // At least `bytes`, aligned to 256, not initialised. Throws OutOfMemory.
  virtual DeviceMemory allocate(size_t bytes) = 0;
  // `from` may be changed as soon as the call returns.
  virtual void upload(void* to, const void* from, size_t bytes) = 0;
  // Waits for all work before, then for the copy.
  virtual void download(void* to, const void* from, size_t bytes) = 0;
  virtual void copy(void* to, const void* from, size_t bytes) = 0;  // within the device
  virtual void multiply(const Product& product) = 0;
  // Records what `work` hands to this queue without running it; `work` may launch kernels, copy()
  // and multiply(), and nothing else.
  virtual std::unique_ptr<Recording> record(const std::function<void()>& work) = 0;
  virtual void wait() = 0;
  // The queue as CUDA's cudaStream_t; null in the emulator.
  virtual void* stream() const = 0;
};

}  // namespace ams::cuda
