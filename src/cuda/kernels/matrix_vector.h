// A bf16 matrix times one fp32 vector.
#pragma once

#include "cuda/bf16.h"
#include "cuda/queue.h"

namespace ams::cuda {

// y = W x + bias, W [outputs, inputs] dense.
struct MatrixVector {
  const Bf16* w = nullptr;
  const float* x = nullptr;     // [inputs]
  const float* bias = nullptr;  // [outputs]; null: none
  float* y = nullptr;           // [outputs]; null: not kept
  float* activated = nullptr;   // [outputs]: silu(y); null: not wanted
  int64_t outputs = 0;
  int64_t inputs = 0;  // a multiple of 8; w and x are aligned to 16 bytes
};

// Throws Internal for another number of inputs.
void matrix_vector(Queue& queue, const MatrixVector& work);

}  // namespace ams::cuda
