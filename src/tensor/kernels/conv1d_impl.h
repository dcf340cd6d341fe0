// The body of conv1d.h for one instruction set, as a template over its vector sizes.
//
// Included only by the conv1d_<set>.cpp files, each compiled with its own instruction flags. It
// must not call inline functions of any library: the linker would keep one copy of them for the
// whole program, possibly the one with instructions that the processor lacks. `Isa` is a type of an
// anonymous namespace, which gives every instantiation internal linkage.
#pragma once

#include "tensor/kernels/conv1d.h"

namespace ams::detail {

// Isa: kLanes floats of a vector, kRows by kVectors accumulators.
template <class Isa>
class Conv1dImpl {
 public:
  static int64_t scratch_size(const Conv1dArgs& a, int64_t rows);
  static void run(const Conv1dArgs& a, const Conv1dTile& tile, float* scratch);

 private:
  static constexpr int64_t kLanes = Isa::kLanes;
  static constexpr int64_t kRows = Isa::kRows;
  static constexpr int64_t kVectors = Isa::kVectors;
  static constexpr int64_t kPanel = 64;  // channels of a panel
  static constexpr int64_t kUnits =
      16;  // (tap, panel) pairs between two visits of a register block

  typedef float Vector __attribute__((vector_size(kLanes * 4)));
  typedef float Unaligned __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));
  typedef int32_t Mask __attribute__((vector_size(kLanes * 4)));

  static Vector load(const float* p) { return *reinterpret_cast<const Unaligned*>(p); }
  static void store(float* p, Vector v) { *reinterpret_cast<Unaligned*>(p) = v; }
  static int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }
  static int64_t max(int64_t a, int64_t b) { return a > b ? a : b; }

  // Rows of one phase of a panel, for `rows` outputs.
  static int64_t panel_rows(const Conv1dArgs& a, int64_t rows) {
    const int64_t whole = (rows + kRows - 1) / kRows * kRows;
    return whole + (a.taps - 1) * a.dilation / a.stride;
  }
  static int64_t panels(const Conv1dArgs& a) { return (a.in_channels + kPanel - 1) / kPanel; }

  static Vector snake(Vector x, Vector frequency, Vector gain);
  static void activate_row(
      const Conv1dArgs& a, const float* in, int64_t first, int64_t width, float* panel);
  static void fill(const Conv1dArgs& a, const Conv1dTile& tile, float* scratch);
  static void accumulate(const Conv1dArgs& a,
                         const float* rows,
                         int64_t panel_size,
                         int64_t phase_size,
                         const float* weights,
                         int64_t first_unit,
                         int64_t last_unit,
                         Vector (&sum)[kRows][kVectors]);
  static void finish(
      const Conv1dArgs& a, int64_t row, int64_t block, int64_t rows, const float* sums);
};

// sin^2 has period pi, so the argument is brought to [-pi/2, pi/2] by a multiple of pi that is
// subtracted in three parts (Cody and Waite); the first two products are exact up to 2^13 periods.
template <class Isa>
typename Conv1dImpl<Isa>::Vector Conv1dImpl<Isa>::snake(Vector x, Vector frequency, Vector gain) {
  constexpr float kInversePi = 0.318309886183790672f;
  constexpr float kPi1 = 3.140625f;
  constexpr float kPi2 = 0.0009670257568359375f;
  constexpr float kPi3 = 6.27711310e-7f;
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  const Vector phase = x * frequency;
  const Vector periods = (phase * kInversePi + kRound) - kRound;
  const Vector r = ((phase - periods * kPi1) - periods * kPi2) - periods * kPi3;
  const Vector u = r * r;
  Vector p = u * 2.605048919658258e-06f - 0.00019808992036026628f;
  p = p * u + 0.0083330498349687f;
  p = p * u - 0.16666657934023324f;
  p = p * u + 0.9999999956902672f;
  const Vector sine = p * r;
  Vector square = sine * sine;
  const Vector one = Vector{} + 1.0f;
  const Mask small = square < one;  // false beyond the range of the reduction
  square = small ? square : one;
  return x + square * gain;
}

// Writes `width` activated values of a row, from channel `first` on; the rest of the last vector is
// zero.
template <class Isa>
void Conv1dImpl<Isa>::activate_row(
    const Conv1dArgs& a, const float* in, int64_t first, int64_t width, float* panel) {
  const int64_t whole = width / kLanes * kLanes;
  for (int64_t i = 0; i < whole; i += kLanes) {
    Vector x = load(in + first + i);
    if (a.frequency) x = snake(x, load(a.frequency + first + i), load(a.gain + first + i));
    store(panel + i, x);
  }
  if (whole == width) return;
  float x[kLanes] = {}, frequency[kLanes] = {}, gain[kLanes] = {};
  for (int64_t i = whole; i < width; ++i) {
    x[i - whole] = in[first + i];
    if (!a.frequency) continue;
    frequency[i - whole] = a.frequency[first + i];
    gain[i - whole] = a.gain[first + i];
  }
  store(panel + whole, a.frequency ? snake(load(x), load(frequency), load(gain)) : load(x));
}

// scratch [panels][stride][panel_rows][kPanel].
template <class Isa>
void Conv1dImpl<Isa>::fill(const Conv1dArgs& a, const Conv1dTile& tile, float* scratch) {
  const int64_t rows = panel_rows(a, tile.rows);
  for (int64_t p = 0; p < panels(a); ++p) {
    const int64_t first = p * kPanel;
    const int64_t width = min(kPanel, a.in_channels - first);
    for (int64_t phase = 0; phase < a.stride; ++phase) {
      for (int64_t q = 0; q < rows; ++q, scratch += kPanel) {
        const int64_t row = (tile.row + q) * a.stride + phase - a.padding;
        if (row >= 0 && row < a.in_rows) {
          activate_row(a, a.in + row * a.in_channels, first, width, scratch);
        } else {
          for (int64_t i = 0; i < kPanel; i += kLanes) store(scratch + i, Vector{});
        }
      }
    }
  }
}

// Adds the products of units [first, last); unit u is tap u / panels and panel u % panels.
template <class Isa>
void Conv1dImpl<Isa>::accumulate(const Conv1dArgs& a,
                                 const float* rows,
                                 int64_t panel_size,
                                 int64_t phase_size,
                                 const float* weights,
                                 int64_t first_unit,
                                 int64_t last_unit,
                                 Vector (&sum)[kRows][kVectors]) {
  const int64_t count = panels(a);
  Vector s[kRows][kVectors];
#pragma GCC unroll 16
  for (int64_t r = 0; r < kRows; ++r)
#pragma GCC unroll 16
    for (int64_t v = 0; v < kVectors; ++v) s[r][v] = sum[r][v];
  for (int64_t unit = first_unit; unit < last_unit; ++unit) {
    const int64_t tap = unit / count, panel = unit % count;
    const int64_t shift = tap * a.dilation;
    const float* x =
        rows + panel * panel_size + shift % a.stride * phase_size + shift / a.stride * kPanel;
    const float* w = weights + (tap * a.in_channels + panel * kPanel) * kConvBlock;
    const float* const end = x + min(kPanel, a.in_channels - panel * kPanel);
    for (; x < end; ++x, w += kConvBlock) {
      Vector column[kVectors];
#pragma GCC unroll 16
      for (int64_t v = 0; v < kVectors; ++v) column[v] = load(w + v * kLanes);
#pragma GCC unroll 16
      for (int64_t r = 0; r < kRows; ++r)
#pragma GCC unroll 16
        for (int64_t v = 0; v < kVectors; ++v) s[r][v] += column[v] * x[r * kPanel];
    }
  }
#pragma GCC unroll 16
  for (int64_t r = 0; r < kRows; ++r)
#pragma GCC unroll 16
    for (int64_t v = 0; v < kVectors; ++v) sum[r][v] = s[r][v];
}

// Adds bias and residual to sums [rows, 32] of a block and writes what lies inside the result.
template <class Isa>
void Conv1dImpl<Isa>::finish(
    const Conv1dArgs& a, int64_t row, int64_t block, int64_t rows, const float* sums) {
  const int64_t channel = block * kConvBlock;
  const int64_t width = min(kConvBlock, a.out_channels - channel);
  for (int64_t r = 0; r < rows; ++r, sums += kConvBlock) {
    const int64_t at = (row + r) * a.out_channels + channel - a.crop;
    const int64_t begin = max(0, -at), end = min(width, a.out_size - at);
    if (begin == 0 && end == kConvBlock) {
      for (int64_t i = 0; i < kConvBlock; i += kLanes) {
        Vector y = load(sums + i);
        if (a.bias) y += load(a.bias + channel + i);
        if (a.residual) y += load(a.residual + at + i);
        store(a.out + at + i, y);
      }
      continue;
    }
    for (int64_t i = begin; i < end; ++i) {
      float y = sums[i];
      if (a.bias) y += a.bias[channel + i];
      if (a.residual) y += a.residual[at + i];
      a.out[at + i] = y;
    }
  }
}

template <class Isa>
int64_t Conv1dImpl<Isa>::scratch_size(const Conv1dArgs& a, int64_t rows) {
  const int64_t whole = (rows + kRows - 1) / kRows * kRows;
  return panels(a) * a.stride * panel_rows(a, rows) * kPanel + whole * kConvBlock;
}

template <class Isa>
void Conv1dImpl<Isa>::run(const Conv1dArgs& a, const Conv1dTile& tile, float* scratch) {
  const int64_t phase_size = panel_rows(a, tile.rows) * kPanel;
  const int64_t panel_size = phase_size * a.stride;
  const int64_t units = a.taps * panels(a);
  float* const sums = scratch + panels(a) * panel_size;
  fill(a, tile, scratch);
  for (int64_t block = tile.block; block < tile.block + tile.blocks; ++block) {
    const float* weights = a.weights + block * a.taps * a.in_channels * kConvBlock;
    // The weights of some units are read for all rows while they are in the nearest cache.
    for (int64_t unit = 0; unit < units; unit += kUnits) {
      const int64_t last = min(units, unit + kUnits);
      for (int64_t q = 0; q < tile.rows; q += kRows) {
        for (int64_t v0 = 0; v0 < kConvBlock; v0 += kVectors * kLanes) {
          float* const at = sums + q * kConvBlock + v0;
          Vector sum[kRows][kVectors];
          for (int64_t r = 0; r < kRows; ++r)
            for (int64_t v = 0; v < kVectors; ++v)
              sum[r][v] = unit == 0 ? Vector{} : load(at + r * kConvBlock + v * kLanes);
          accumulate(
              a, scratch + q * kPanel, panel_size, phase_size, weights + v0, unit, last, sum);
          for (int64_t r = 0; r < kRows; ++r)
            for (int64_t v = 0; v < kVectors; ++v)
              store(at + r * kConvBlock + v * kLanes, sum[r][v]);
        }
      }
    }
    finish(a, tile.row, block, tile.rows, sums);
  }
}

}  // namespace ams::detail
