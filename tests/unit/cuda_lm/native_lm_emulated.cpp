#include "cuda_lm/native_lm_emulated.h"

#include "cuda/emulator/emulated_queue.h"
#include "nets/cuda_lm.h"
#include "nets/native_lm.h"

namespace ams {

// In place of the one that ams_nets has without CUDA.
std::unique_ptr<CausalLm> make_native_lm(const QwenLm& lm) {
  return std::make_unique<CudaLm>(
      lm, [](const void*) { return std::make_unique<simt::EmulatedQueue>(); });
}

std::unique_ptr<Device> open_emulated(bool native) {
  DeviceOptions options;
  options.name = "cpu";
  options.threads = 1;
  options.native_networks = native;
  return Device::open(options);
}

}  // namespace ams
