// Which token of which sequence a row of a pass is; on the device, so that a recorded pass serves
// every step.
#pragma once

#include <cstdint>

namespace ams::cuda {

struct LmRows {
  const int32_t* tokens = nullptr;     // [rows]
  const int32_t* sequences = nullptr;  // [rows]: whose cache
  const int32_t* positions = nullptr;  // [rows]: how many tokens of the sequence come before
};

// The caches of one layer, [sequences, capacity, kv_heads, head_dim] of fp32 or bf16.
struct LmCache {
  void* keys = nullptr;
  void* values = nullptr;
  bool is_exact = false;  // fp32
  int64_t capacity = 0;   // tokens of a sequence
};

}  // namespace ams::cuda
