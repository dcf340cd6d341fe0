#include "cuda/cuda_queue.h"
#include "nets/cuda_lm.h"
#include "nets/native_lm.h"

namespace ams {

std::unique_ptr<CausalLm> make_native_lm(const QwenLm& lm) {
  return std::make_unique<CudaLm>(lm, [](const void* device_pointer) {
    return cuda::make_cuda_queue(cuda::card_of(device_pointer));
  });
}

}  // namespace ams
