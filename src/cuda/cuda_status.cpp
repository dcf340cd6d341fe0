#include "cuda/cuda_status.h"

#include "base/error.h"
#include "base/str.h"

namespace ams::cuda {

void check(cudaError_t status, std::string_view action) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // otherwise the next launch would report it again
  const bool is_memory = status == cudaErrorMemoryAllocation;
  throw Error(is_memory ? ErrorCode::OutOfMemory : ErrorCode::Internal,
              str("cuda: ", action, ": ", cudaGetErrorString(status)));
}

void check(cublasStatus_t status, std::string_view action) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  const bool is_memory = status == CUBLAS_STATUS_ALLOC_FAILED;
  throw Error(is_memory ? ErrorCode::OutOfMemory : ErrorCode::Internal,
              str("cuda: ", action, ": ", cublasLtGetStatusString(status)));
}

}  // namespace ams::cuda
