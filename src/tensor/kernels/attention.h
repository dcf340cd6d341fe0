// Attention of fp32 queries over fp32 or bf16 keys and values, all sums in fp32.
//
//   out[b][s][h] = softmax over visible t of (q[b][s][h] . k[b][t][g] * scale)  times  v[b][t][g]
//
// with g the group of head h. Visible keys are those that neither the window, nor the causal rule,
// nor the mask hides; a query that sees none gives zeros.
//
// Layouts: q [batch, queries, heads, D], k and v [batch, keys, kv_heads, D] with any strides of
// whole elements and dense D, a multiple of 16; out dense [batch, queries, heads, D]. mask
// [mask_batch, queries, keys] of 16-bit values: zero bits mean visible.
//
// Method: one unit of work is a tile of queries with all heads of one group. It walks over blocks
// of 32 keys with a running maximum (arXiv:2205.14135), skipping blocks that no query of it sees.
// Keys are transposed in scratch memory, so that scores and mixing are the same product: rows by
// two vectors of sums in registers. Each output is summed in one fixed order, whatever the number
// of threads.
//
// This folder knows no ggml: only pointers and sizes.
#pragma once

#include <cstdint>

namespace ams {

struct AttentionStrides {
  int64_t head = 0, token = 0, batch = 0;  // elements
};

struct AttentionArgs {
  int64_t batch = 1, queries = 0, keys = 0;
  int64_t heads = 1, kv_heads = 1, head_dim = 0;
  float scale = 1.0f;
  int64_t window = 0;  // keys at a distance up to it are visible; 0: all
  bool causal = false;
  bool half_keys = false;  // keys and values are bf16 instead of fp32
  const float* q = nullptr;
  const void* k = nullptr;
  const void* v = nullptr;
  AttentionStrides q_strides, k_strides, v_strides;
  const uint16_t* mask = nullptr;        // or null
  int64_t mask_row = 0, mask_batch = 0;  // strides; mask_batch 0: one mask for all
  float* out = nullptr;
};

// Queries of one unit, and the number of units. Both depend on the sizes only.
int64_t attention_tile(const AttentionArgs& args);
int64_t attention_units(const AttentionArgs& args);

// Thread-safe: units may run at the same time with a scratch memory each.
struct AttentionKernel {
  const char* name;  // "avx512"
  // Floats of scratch memory.
  int64_t (*scratch_size)(const AttentionArgs& args);
  // `scratch` is aligned to 64 bytes.
  void (*run)(const AttentionArgs& args, int64_t unit, float* scratch);
};

// The fastest kernel that this processor runs.
const AttentionKernel& attention_kernel();

// All kernels that this processor runs, the fastest first. Returns their number, at most 4.
int attention_kernels(const AttentionKernel* kernels[4]);

}  // namespace ams
