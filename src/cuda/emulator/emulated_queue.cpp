#include "cuda/emulator/emulated_queue.h"

#include <cstring>

#include "base/error.h"
#include "base/str.h"
#include "cuda/bf16.h"
#include "cuda/emulator/guarded_memory.h"

namespace ams::simt {
namespace {

class Replay : public cuda::Recording {
 public:
  explicit Replay(std::function<void()> work) : work_(std::move(work)) {}
  void run() override { work_(); }

 private:
  std::function<void()> work_;
};

double value_at(const void* values, int64_t index, cuda::ValueType type) {
  if (type == cuda::ValueType::F32) return static_cast<const float*>(values)[index];
  return cuda::to_float(static_cast<const cuda::Bf16*>(values)[index]);
}

}  // namespace

cuda::DeviceMemory EmulatedQueue::allocate(size_t bytes) {
  if (largest_allocation_ > 0 && bytes >= largest_allocation_) {
    throw Error(ErrorCode::OutOfMemory, str("simt: ", bytes, " bytes are more than the limit"));
  }
  auto memory = std::make_shared<GuardedMemory>(bytes);
  return cuda::DeviceMemory(memory, memory->data());
}

void EmulatedQueue::upload(void* to, const void* from, size_t bytes) {
  std::memcpy(to, from, bytes);
}

void EmulatedQueue::download(void* to, const void* from, size_t bytes) {
  std::memcpy(to, from, bytes);
}

void EmulatedQueue::copy(void* to, const void* from, size_t bytes) { std::memcpy(to, from, bytes); }

void EmulatedQueue::multiply(const cuda::Product& product) {
  const bool is_exact = product.operands == cuda::ValueType::F32;
  if (is_exact && product.result != cuda::ValueType::F32) {
    throw Error(ErrorCode::Internal, "simt: products of fp32 give fp32");
  }
  for (int64_t row = 0; row < product.rows; ++row) {
    for (int64_t output = 0; output < product.outputs; ++output) {
      double sum = 0.0;
      for (int64_t i = 0; i < product.inputs; ++i) {
        sum += value_at(product.x, row * product.inputs + i, product.operands) *
               value_at(product.w, output * product.inputs + i, product.operands);
      }
      const int64_t index = row * product.outputs + output;
      if (product.addend) sum += value_at(product.addend, index, product.result);
      if (product.result == cuda::ValueType::F32) {
        static_cast<float*>(product.y)[index] = static_cast<float>(sum);
      } else {
        static_cast<cuda::Bf16*>(product.y)[index] = cuda::to_bf16(static_cast<float>(sum));
      }
    }
  }
}

// A recording must give the same when it is replayed later, so nothing of it runs now.
std::unique_ptr<cuda::Recording> EmulatedQueue::record(const std::function<void()>& work) {
  return std::make_unique<Replay>(work);
}

}  // namespace ams::simt
