// A weight matrix times a few vectors, as a decoding step needs it: each weight is read once.
#pragma once

#include "cuda/lm/weight_matrix.h"
#include "cuda/queue.h"

namespace ams::cuda {

inline constexpr int kMostProductRows = 8;

// y [rows, width] = f(W n(x)), x [rows, inputs], all fp32 and dense.
// n: RMSNorm with `norm` as its weights, or nothing.
// f: + bias + residual; or, with `gates`, silu(first half) * second half of W's outputs.
struct LmProduct {
  WeightMatrix w;
  const float* x = nullptr;
  float* y = nullptr;
  int rows = 0;                     // 1 to kMostProductRows
  const float* norm = nullptr;      // [inputs]; null: none
  float eps = 1e-6f;                // of the norm
  const float* bias = nullptr;      // [width]; null: none
  const float* residual = nullptr;  // [rows, width], may be y; null: none
  bool gates = false;
  // Which rows of W: `range` of them from `first_row` on, then those of `extra` [extra_count] on
  // the device. range 0: all. Not with `gates`.
  int64_t first_row = 0;
  int64_t range = 0;
  const int32_t* extra = nullptr;
  int64_t extra_count = 0;

  // Values of a row of y.
  int64_t width() const {
    return gates ? w.outputs / 2 : (range > 0 ? range + extra_count : w.outputs);
  }
};

// Throws Internal for inputs that are no multiple of the format's block or for too many rows.
void lm_product(Queue& queue, const LmProduct& work);

}  // namespace ams::cuda
