// The kernels of one pass of a language model over a few rows, in their order.
#pragma once

#include <cstdint>

#include "cuda/queue.h"
#include "nets/cuda_lm.h"
#include "nets/cuda_lm_memory.h"

namespace ams {

// Which rows of the head are computed: `range` from `first` on, then extra_rows of the memory.
struct CudaLmHead {
  int64_t first = 0;
  int64_t range = 0;
  int64_t extra_count = 0;
  int64_t width() const { return range + extra_count; }
};

// Hands work to a queue and keeps nothing, so that it can be recorded. What a pass computes is in
// `memory`: rows before, stream and logits after it.
class CudaLmPass {
 public:
  CudaLmPass(cuda::Queue& queue,
             const CudaLmWeights& weights,
             const CudaLmSizes& sizes,
             const CudaLmMemory& memory)
      : queue_(queue), weights_(weights), sizes_(sizes), memory_(memory) {}

  // Embeddings of the rows through all layers into the stream. More than kMostProductRows rows only
  // if the sizes have wide passes. `most_positions`: of the caches that may be looked at.
  void layers(int64_t rows, int64_t most_positions);
  // Logits [count, head.width()] of rows first_row to first_row + count, kMostProductRows at most.
  void logits(int64_t first_row, int64_t count, const CudaLmHead& head);

 private:
  void narrow_layer(size_t index, int64_t rows, int64_t most_positions);
  void wide_layer(size_t index, int64_t rows, int64_t most_positions);
  void attend(size_t index, int64_t rows, int64_t most_positions, cuda::ValueType out_type);
  void normalise(const float* weight, int64_t rows);
  void multiply(const void* x,
                const cuda::WeightMatrix& w,
                void* y,
                int64_t rows,
                cuda::ValueType result,
                const void* addend);

  cuda::Queue& queue_;
  const CudaLmWeights& weights_;
  const CudaLmSizes& sizes_;
  const CudaLmMemory& memory_;
};

}  // namespace ams
