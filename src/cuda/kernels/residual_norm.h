// What stands between two products of a transformer with a modulated norm (arXiv:2212.09748).
#pragma once

#include "cuda/bf16.h"
#include "cuda/queue.h"

namespace ams::cuda {

// For each row of h: h += gate * product + addend, then
// out = h * rsqrt(mean(h^2) + eps) * factor + shift.
struct ResidualNorm {
  float* stream = nullptr;        // h [rows, width], changed in place if there is anything to add
  const Bf16* product = nullptr;  // [rows, width]; null: nothing
  const float* gate = nullptr;    // [width]; null: 1
  const float* addend = nullptr;  // [width]; null: nothing
  const float* factor = nullptr;  // [width]
  const float* shift = nullptr;   // [width]; null: 0
  void* out = nullptr;            // [rows, width]
  ValueType out_type = ValueType::Bf16;
  int64_t rows = 0;
  int width = 0;  // a multiple of 4, kMostNormWidth at most
  float eps = 1e-6f;
};

inline constexpr int kMostNormWidth = 4096;

// All pointers aligned to 16 bytes. Throws Internal for another width.
void residual_norm(Queue& queue, const ResidualNorm& work);

}  // namespace ams::cuda
