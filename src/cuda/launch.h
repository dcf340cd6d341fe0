// How the host starts a kernel on a queue: <<<…>>> under nvcc, the emulator otherwise.
#pragma once

#include <string>
#include <utility>

#include "base/error.h"
#include "base/str.h"
#include "cuda/queue.h"
#include "cuda/simt.h"

namespace ams::cuda {

struct LaunchShape {
  dim3 grid;
  dim3 block;
  size_t shared_bytes = 0;  // dynamic shared memory of a block
};

// Throws Internal if the card refuses the launch (`name` says of which kernel).
template <class... Parameters, class... Arguments>
void launch(Queue& queue,
            const char* name,
            void (*kernel)(Parameters...),
            const LaunchShape& shape,
            Arguments&&... arguments) {
#if defined(__CUDACC__)
  constexpr size_t kWithoutAsking = size_t{48} << 10;
  cudaError_t status = cudaSuccess;
  if (shape.shared_bytes > kWithoutAsking) {
    status = cudaFuncSetAttribute(
        kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shape.shared_bytes));
  }
  if (status == cudaSuccess) {
    kernel<<<shape.grid,
             shape.block,
             shape.shared_bytes,
             static_cast<cudaStream_t>(queue.stream())>>>(
        static_cast<Parameters>(std::forward<Arguments>(arguments))...);
    status = cudaGetLastError();
  }
  if (status != cudaSuccess) {
    throw Error(ErrorCode::Internal,
                str("cuda: kernel ", name, " cannot start: ", cudaGetErrorString(status)));
  }
#else
  static_cast<void>(queue);
  static_cast<void>(name);
  simt::BlockRunner::instance().launch(shape.grid, shape.block, shape.shared_bytes, [&] {
    kernel(static_cast<Parameters>(arguments)...);
  });
#endif
}

// Blocks of `size` that cover `count`.
constexpr int64_t blocks_of(int64_t count, int64_t size) { return (count + size - 1) / size; }

}  // namespace ams::cuda
