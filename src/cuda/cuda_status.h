// CUDA's status codes as errors of this program. Only for builds with CUDA.
#pragma once

#include <string_view>

#include <cublasLt.h>
#include <cuda_runtime.h>

namespace ams::cuda {

// Throws OutOfMemory if the card has none left, else Internal, naming `action`; cudaSuccess passes.
void check(cudaError_t status, std::string_view action);
void check(cublasStatus_t status, std::string_view action);

}  // namespace ams::cuda
