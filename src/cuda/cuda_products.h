// Matrix products through cuBLASLt. Only for builds with CUDA.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <tuple>

#include <cublasLt.h>
#include <cuda_runtime.h>

#include "cuda/queue.h"

namespace ams::cuda {

// Chooses an algorithm once for each shape by cuBLASLt's own estimate, so the choice, and with it
// every byte of the result, is the same from run to run on one card. Confined to the worker thread.
class CudaProducts {
 public:
  CudaProducts();
  ~CudaProducts();
  CudaProducts(const CudaProducts&) = delete;
  CudaProducts& operator=(const CudaProducts&) = delete;

  // Throws Unsupported if cuBLASLt has no algorithm for the shape.
  void multiply(const Product& product, cudaStream_t stream);

 private:
  using Alignments = std::array<uint32_t, 4>;  // of w, x, addend and y, in bytes
  struct Plan;                                 // descriptors and algorithm of one shape
  using Key = std::tuple<int64_t, int64_t, int64_t, ValueType, ValueType, Alignments>;

  static Alignments alignments_of(const Product& product);

  const Plan& plan_of(const Product& product);
  std::unique_ptr<Plan> make_plan(const Product& product) const;

  cublasLtHandle_t handle_ = nullptr;
  void* workspace_ = nullptr;
  std::map<Key, std::unique_ptr<Plan>> plans_;
};

}  // namespace ams::cuda
