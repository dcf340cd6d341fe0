// Builds with AMS_CUDA.
#include "cuda/cuda_queue.h"
#include "nets/cuda_dit.h"
#include "nets/native_denoiser.h"

namespace ams {

std::unique_ptr<NativeDenoiser> make_native_denoiser(Dit& dit) {
  return std::make_unique<CudaDit>(dit, [](const void* device_pointer) {
    return cuda::make_cuda_queue(cuda::card_of(device_pointer));
  });
}

}  // namespace ams
