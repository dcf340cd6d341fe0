// Builds without AMS_CUDA.
#include "base/error.h"
#include "nets/native_denoiser.h"

namespace ams {

std::unique_ptr<NativeDenoiser> make_native_denoiser(Dit&) {
  throw Error(ErrorCode::Unsupported,
              "dit: this build has no CUDA kernels (cmake --preset cuda); --impl ggml uses what is "
              "there");
}

}  // namespace ams
