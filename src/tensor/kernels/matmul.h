// Products of fp32 rows with a bf16 or q8_0 matrix as it is stored, summed in fp32.
//
//   y[r][o] = sum over i of bf16(x[r][i]) * bf16(w[o][i])   x [rows, in], w [out, in], y [rows,
//   out]
//
// q8_0 is ggml's format: blocks of 32 neighbouring inputs, an fp16 factor and 32 signed bytes.
//
// Two methods, chosen by the number of rows alone, so that the sums do not depend on the threads:
//   narrow  1 to kNarrowRows rows (steps of a language model). The matrix is a stream from memory;
//           each of its rows meets all rows of x while it is in registers. The factors of q8_0 are
//           not rounded here.
//   wide    more rows. `pack` rounds x and lays pairs of neighbouring inputs of 8 to 14 rows side
//   by
//           side; `run` turns 32 rows of the matrix into the same form in its scratch memory, a few
//           per cent of its work, and then keeps 14 x 32 sums in registers.
//
// Only processors with a bf16 dot product (AVX512_BF16) have these kernels; elsewhere ggml's
// product is used. This folder knows no ggml: only pointers and sizes.
#pragma once

#include <cstdint>

namespace ams {

constexpr int64_t kNarrowRows = 8;
constexpr int64_t kMatmulBlock = 32;  // outputs of a block
constexpr int64_t kMatmulStep = 32;   // `in` must be a multiple of it

enum class MatrixType { Bf16, Q8_0 };

struct MatmulArgs {
  int64_t rows = 0, in = 0, out = 0;  // out: a multiple of kMatmulBlock if wide
  MatrixType type = MatrixType::Bf16;
  const void* weights = nullptr;  // dense
  float* y = nullptr;
};

// Rows that are packed together: `count` blocks of `rows` each, the last one filled with zeros.
struct RowBlocks {
  int64_t rows = 0;  // 8, 10, 12 or 14
  int64_t count = 0;
};
RowBlocks matmul_row_blocks(int64_t rows);

// Thread-safe: calls may run at the same time on different parts with a scratch memory each.
struct MatmulKernel {
  const char* name;  // "avx512_bf16"
  // Rounds x [rows, in] to bf16 values, in order.
  void (*round)(const float* x, int64_t count, uint16_t* rounded);
  // Outputs [begin, end) of all rows of a narrow product. x is rounded.
  void (*narrow)(const MatmulArgs& args, const uint16_t* x, int64_t begin, int64_t end);
  // Writes blocks [begin, end) of packed rows: [block][in / 2][rows of a block] pairs.
  // `scratch` holds `in` values.
  void (*pack)(const MatmulArgs& args,
               const float* x,
               int64_t begin,
               int64_t end,
               uint32_t* packed,
               uint16_t* scratch);
  // Outputs [32 * out_block, 32 * out_block + 32) of row blocks [begin, end).
  // `scratch` holds 16 * in pairs, aligned to 64 bytes.
  void (*run)(const MatmulArgs& args,
              const uint32_t* packed,
              int64_t out_block,
              int64_t begin,
              int64_t end,
              uint32_t* scratch);
};

// Null if this processor has none.
const MatmulKernel* matmul_kernel();

}  // namespace ams
