// The convolution kernels of every instruction set present, against plain sums in double.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tensor/convolution.h"
#include "tensor/kernels/conv1d.h"

namespace ams {
namespace {

std::vector<const Conv1dKernel*> kernels() {
  const Conv1dKernel* found[4];
  const int count = conv1d_kernels(found);
  return {found, found + count};
}

std::vector<float> random_values(int64_t count, uint64_t seed, float scale = 1.0f) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = normal(random);
  return values;
}

float& at(std::vector<float>& values, int64_t index) { return values[static_cast<size_t>(index)]; }
float at(const std::vector<float>& values, int64_t index) {
  return values[static_cast<size_t>(index)];
}

struct Problem {
  Conv1dSizes sizes;
  int64_t rows = 1;
  bool snake = false, bias = false, residual = false, transposed = false;
};

// What a problem is made of and what the kernels read.
struct Data {
  std::vector<float> in, weight, packed, bias, packed_bias, frequency, gain, residual;
  int64_t out_rows = 0;
};

Data make_data(const Problem& p) {
  const Conv1dSizes& s = p.sizes;
  Data d;
  d.out_rows = p.transposed ? conv_transpose1d_length(s, p.rows) : conv1d_length(s, p.rows);
  d.in = random_values(p.rows * s.in_channels, 1);
  d.weight = random_values(s.in_channels * s.out_channels * s.kernel, 2, 0.2f);
  d.packed = p.transposed ? pack_conv_transpose1d(d.weight, s) : pack_conv1d(d.weight, s);
  const int64_t outputs = p.transposed ? s.stride * s.out_channels : s.out_channels;
  d.bias = random_values(s.out_channels, 3);
  d.packed_bias.resize(static_cast<size_t>((outputs + 31) / 32 * 32));
  for (int64_t i = 0; i < outputs; ++i) at(d.packed_bias, i) = at(d.bias, i % s.out_channels);
  d.frequency = random_values(s.in_channels, 4, 20.0f);
  d.gain = random_values(s.in_channels, 5);
  d.residual = random_values(d.out_rows * s.out_channels, 6);
  return d;
}

Conv1dArgs make_args(const Problem& p, const Data& d, std::vector<float>& out) {
  const Conv1dSizes& s = p.sizes;
  Conv1dArgs a;
  a.in_rows = p.rows;
  a.in_channels = s.in_channels;
  if (p.transposed) {
    a.taps = (s.kernel + s.stride - 1) / s.stride;
    a.padding = a.taps - 1;
    a.out_rows = p.rows + a.taps - 1;
    a.out_channels = s.stride * s.out_channels;
    a.crop = s.padding * s.out_channels;
  } else {
    a.taps = s.kernel;
    a.stride = s.stride;
    a.dilation = s.dilation;
    a.padding = s.padding;
    a.out_rows = d.out_rows;
    a.out_channels = s.out_channels;
  }
  a.out_size = d.out_rows * s.out_channels;
  a.in = d.in.data();
  a.weights = d.packed.data();
  if (p.bias) a.bias = d.packed_bias.data();
  if (p.residual) a.residual = d.residual.data();
  if (p.snake) {
    a.frequency = d.frequency.data();
    a.gain = d.gain.data();
  }
  out.assign(static_cast<size_t>(a.out_size), NAN);
  a.out = out.data();
  return a;
}

double activated(const Problem& p, const Data& d, int64_t row, int64_t channel) {
  const float x = at(d.in, row * p.sizes.in_channels + channel);
  if (!p.snake) return x;
  const double sine = std::sin(static_cast<double>(x * at(d.frequency, channel)));
  return x + sine * sine * at(d.gain, channel);
}

std::vector<double> reference(const Problem& p, const Data& d) {
  const Conv1dSizes& s = p.sizes;
  std::vector<double> out(static_cast<size_t>(d.out_rows * s.out_channels));
  for (int64_t t = 0; t < d.out_rows; ++t) {
    for (int64_t o = 0; o < s.out_channels; ++o) {
      double sum = p.bias ? at(d.bias, o) : 0.0;
      if (p.residual) sum += at(d.residual, t * s.out_channels + o);
      for (int64_t k = 0; k < s.kernel; ++k) {
        int64_t row = t * s.stride + k * s.dilation - s.padding;
        if (p.transposed) {
          const int64_t scaled = t + s.padding - k;
          if (scaled < 0 || scaled % s.stride != 0) continue;
          row = scaled / s.stride;
        }
        if (row < 0 || row >= p.rows) continue;
        for (int64_t i = 0; i < s.in_channels; ++i) {
          const int64_t index = p.transposed ? (i * s.out_channels + o) * s.kernel + k
                                             : (o * s.in_channels + i) * s.kernel + k;
          sum += activated(p, d, row, i) * at(d.weight, index);
        }
      }
      out[static_cast<size_t>(t * s.out_channels + o)] = sum;
    }
  }
  return out;
}

struct AlignedFree {
  void operator()(float* p) const { std::free(p); }
};

std::vector<float> run(const Conv1dKernel& kernel,
                       const Problem& p,
                       const Data& d,
                       int64_t tile_rows,
                       int64_t tile_blocks) {
  std::vector<float> out;
  const Conv1dArgs args = make_args(p, d, out);
  const auto size = static_cast<size_t>(kernel.scratch_size(args, tile_rows)) * sizeof(float);
  const std::unique_ptr<float, AlignedFree> scratch(
      static_cast<float*>(std::aligned_alloc(64, (size + 63) / 64 * 64)));
  const int64_t blocks = (args.out_channels + kConvBlock - 1) / kConvBlock;
  for (int64_t block = 0; block < blocks; block += tile_blocks) {
    for (int64_t row = 0; row < args.out_rows; row += tile_rows) {
      const Conv1dTile tile{row,
                            std::min(tile_rows, args.out_rows - row),
                            block,
                            std::min(tile_blocks, blocks - block)};
      kernel.run(args, tile, scratch.get());
    }
  }
  return out;
}

const Problem kProblems[] = {
    {{1, 1, 1, 1, 1, 0}, 1},
    {{64, 32, 7, 1, 1, 3}, 50, true, true},
    {{128, 64, 7, 1, 9, 27}, 40, true, true, true},
    {{3, 5, 7, 1, 3, 9}, 33, true, true, true},
    {{130, 33, 1, 1, 1, 0}, 29, true, true, true},
    {{200, 40, 7, 1, 1, 3}, 30, true},  // more units than one visit of a register block takes
    {{2, 128, 7, 1, 1, 3}, 100, false, true},
    {{128, 2, 7, 1, 1, 3}, 45, true},
    {{32, 48, 4, 2, 1, 1}, 61, true, true},
    {{70, 31, 20, 10, 1, 5}, 143, true, true},
    {{7, 9, 6, 3, 1, 2}, 40, false, true},
    {{5, 6, 3, 2, 3, 1}, 41, true},
    {{32, 32, 8, 4, 1, 2}, 9, true, true, false, true},
    {{64, 16, 20, 10, 1, 5}, 17, true, true, true, true},
    {{5, 7, 6, 3, 1, 2}, 11, true, true, true, true},
    {{3, 1, 2, 1, 1, 1}, 8, false, true, false, true},
    {{4, 5, 7, 3, 1, 0}, 6, true, true, false, true},  // a kernel that is no multiple of the stride
};

TEST(Conv1d, every_kernel_equals_plain_sums) {
  for (const Problem& p : kProblems) {
    const Data d = make_data(p);
    const std::vector<double> expected = reference(p, d);
    for (const Conv1dKernel* kernel : kernels()) {
      const std::vector<float> actual = run(*kernel, p, d, 2 * kernel->row_step, 1);
      ASSERT_EQ(actual.size(), expected.size());
      double difference = 0.0, size = 0.0;
      for (size_t i = 0; i < expected.size(); ++i) {
        difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
        size += expected[i] * expected[i];
      }
      EXPECT_LT(std::sqrt(difference / size), 2e-6) << kernel->name << ", case " << &p - kProblems;
    }
  }
}

TEST(Conv1d, tiles_of_any_size_give_the_same_bytes) {
  for (const Problem& p : kProblems) {
    const Data d = make_data(p);
    for (const Conv1dKernel* kernel : kernels()) {
      const std::vector<float> whole = run(*kernel, p, d, 1000, 1000);
      EXPECT_EQ(run(*kernel, p, d, kernel->row_step, 1), whole) << kernel->name;
      EXPECT_EQ(run(*kernel, p, d, 17, 2), whole) << kernel->name;
    }
  }
}

// The identity as kernel shows the activation alone.
TEST(Conv1d, snake_is_exact_for_large_arguments) {
  constexpr int64_t kRows = 4001;
  for (const float frequency : {1e-3f, 1.0f, 37.0f, 900.0f, 8000.0f}) {
    Problem p{{1, 1, 1, 1, 1, 0}, kRows, true};
    Data d = make_data(p);
    for (int64_t i = 0; i < kRows; ++i) at(d.in, i) = static_cast<float>(i - 2000) * 1e-3f;
    d.packed[0] = 1.0f;
    d.frequency = {frequency};
    d.gain = {1.0f};
    for (const Conv1dKernel* kernel : kernels()) {
      const std::vector<float> actual = run(*kernel, p, d, kRows, 1);
      for (int64_t i = 0; i < kRows; ++i) {
        ASSERT_NEAR(at(actual, i), activated(p, d, i, 0), 1e-6)
            << kernel->name << " " << frequency << " * " << at(d.in, i);
      }
    }
  }
}

TEST(Conv1d, snake_stays_finite_for_absurd_arguments_and_keeps_nan) {
  Problem p{{1, 1, 1, 1, 1, 0}, 4, true};
  Data d = make_data(p);
  d.in = {3e30f, -1e9f, NAN, 0.0f};
  d.packed[0] = 1.0f;
  d.frequency = {100.0f};
  d.gain = {1.0f};
  for (const Conv1dKernel* kernel : kernels()) {
    const std::vector<float> actual = run(*kernel, p, d, 4, 1);
    EXPECT_EQ(actual[0], 3e30f) << kernel->name;
    EXPECT_NEAR(actual[1], -1e9f, 100.0f) << kernel->name;
    EXPECT_TRUE(std::isnan(actual[2])) << kernel->name;
    EXPECT_EQ(actual[3], 0.0f) << kernel->name;
  }
}

TEST(WeightNorm, every_row_gets_its_length) {
  const std::vector<float> weight =
      fuse_weight_norm(std::vector<float>{2.0f, 0.5f}, std::vector<float>{3, 4, 0, 0, 5, 12});
  const std::vector<float> expected{1.2f, 1.6f, 0.0f, 0.0f, 2.5f / 13, 6.0f / 13};
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_FLOAT_EQ(weight[i], expected[i]);
}

}  // namespace
}  // namespace ams
