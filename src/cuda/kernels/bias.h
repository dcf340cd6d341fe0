// Small passes over fp32 rows: biases, conversions, repeated heads.
#pragma once

#include "cuda/bf16.h"
#include "cuda/queue.h"

namespace ams::cuda {

// out [rows, width] = x + bias; `bias` null: a conversion. `out` may be x if it is fp32.
struct AddBias {
  const float* x = nullptr;     // [rows, width]
  const float* bias = nullptr;  // [width]
  void* out = nullptr;
  ValueType out_type = ValueType::F32;
  int64_t rows = 0;
  int64_t width = 0;
};
void add_bias(Queue& queue, const AddBias& work);

// values [kv_heads, head_dim] -> out [heads, head_dim]: each once per query head of its group.
void repeat_heads(
    Queue& queue, const float* values, float* out, int kv_heads, int heads, int head_dim);

}  // namespace ams::cuda
