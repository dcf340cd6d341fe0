// One-dimensional convolution of channels-last fp32 rows, without a column buffer.
//
//   out[t][o] = bias[o] + residual[t][o]
//             + sum over k, i of weights[k][i][o] * f(in[t * stride + k * dilation - padding][i])
//
// where rows outside the input are zero after f, and f is the identity or
//   snake(x)[i] = x + sin^2(frequency[i] * x) * gain[i].
//
// Layouts: in [in_rows, in_channels], out and residual [out_rows, out_channels], both dense.
// weights [blocks][taps][in_channels][32] with blocks = ceil(out_channels / 32): the 32 outputs of
// a block lie side by side, missing ones are zero. A transposed convolution with kernel <= taps *
// stride_up is the same product with stride_up * C outputs: a row of them is stride_up rows of C
// channels. Its crop is `crop`: that many values of the flat result are dropped at the front, and
// the result ends after `out_size` values.
//
// Method: a tile of input rows is activated into scratch memory as panels of 64 channels, ordered
// by the phase of the stride so that neighbouring outputs read neighbouring rows. A register block
// (14 rows by 32 outputs with AVX-512, 6 by 16 with AVX2) then walks taps and channels. Each output
// is summed in one fixed order, whatever the tile or the number of threads.
//
// Measured with `bench_oobleck kernels` on one Zen 5 core, whose registers-only multiply-add loop
// reaches 266 GFLOP/s: AVX-512 gives 220 to 241 GFLOP/s (83 to 90 %) for the convolutions that make
// up 95 % of a decode, 160 with one tap and 128 channels, where memory counts. AVX2 gives 116,
// plain 16-byte vectors 45.
//
// This folder knows no ggml: only pointers and sizes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ams {

constexpr int64_t kConvBlock = 32;  // outputs of a weight block

struct Conv1dArgs {
  int64_t in_rows = 0, in_channels = 0;
  int64_t out_rows = 0, out_channels = 0;
  int64_t taps = 1, stride = 1, dilation = 1, padding = 0;
  int64_t crop = 0;      // values of the flat result that are dropped at its front
  int64_t out_size = 0;  // values of `out`
  const float* in = nullptr;
  const float* weights = nullptr;
  const float* bias = nullptr;       // [blocks * 32], or null
  const float* frequency = nullptr;  // [in_channels], or null for the identity
  const float* gain = nullptr;       // [in_channels], with `frequency`
  const float* residual = nullptr;   // laid out as `out`, or null
  float* out = nullptr;
};

// A rectangle of the result: rows [row, row + rows) of blocks [block, block + blocks).
struct Conv1dTile {
  int64_t row = 0, rows = 0;
  int64_t block = 0, blocks = 0;
};

// The kernels of one instruction set. Thread-safe: tiles may run at the same time with a scratch
// memory each.
struct Conv1dKernel {
  const char* name;  // "avx512"
  int64_t row_step;  // tiles of a multiple of this many rows waste nothing
  // Floats of scratch memory that a tile of `rows` rows needs.
  int64_t (*scratch_size)(const Conv1dArgs& args, int64_t rows);
  // `scratch` is aligned to 64 bytes.
  void (*run)(const Conv1dArgs& args, const Conv1dTile& tile, float* scratch);
};

// The fastest kernel that this processor runs.
const Conv1dKernel& conv1d_kernel();

// All kernels that this processor runs, the fastest first. Returns their number, at most 4.
int conv1d_kernels(const Conv1dKernel* kernels[4]);

}  // namespace ams
