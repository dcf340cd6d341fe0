// The kernels that pass over rows, each against its formula in fp64.
#include <gtest/gtest.h>

#include "base/error.h"
#include "cuda/device_values.h"
#include "cuda/kernels/bias.h"
#include "cuda/kernels/head_norm.h"
#include "cuda/kernels/matrix_vector.h"
#include "cuda/kernels/modulation.h"
#include "cuda/kernels/residual_norm.h"
#include "cuda/kernels/swiglu.h"

namespace ams::cuda {
namespace {

using simt::EmulatedQueue;

double silu(double x) { return x / (1.0 + std::exp(-x)); }

struct NormCase {
  int64_t rows;
  int width;
  bool has_product, has_gate, has_addend, has_shift, is_float;
};

class ResidualNormTest : public testing::TestWithParam<NormCase> {};

TEST_P(ResidualNormTest, follows_its_formula) {
  const NormCase& c = GetParam();
  EmulatedQueue queue;
  const auto width = static_cast<size_t>(c.width);
  const size_t count = static_cast<size_t>(c.rows) * width;
  const std::vector<float> h = random_values(count, 1, 3.0f);
  const std::vector<float> product = rounded(random_values(count, 2));
  const std::vector<float> gate = random_values(width, 3);
  const std::vector<float> addend = random_values(width, 4);
  const std::vector<float> factor = random_values(width, 5);
  const std::vector<float> shift = random_values(width, 6);

  std::vector<double> stream(count);
  std::vector<double> expected(count);
  for (size_t row = 0; row < static_cast<size_t>(c.rows); ++row) {
    double squares = 0.0;
    for (size_t i = 0; i < width; ++i) {
      const size_t at = row * width + i;
      stream[at] = h[at] + (c.has_product ? product[at] * (c.has_gate ? gate[i] : 1.0) : 0.0) +
                   (c.has_addend ? addend[i] : 0.0);
      squares += stream[at] * stream[at];
    }
    const double inverse = 1.0 / std::sqrt(squares / static_cast<double>(width) + 1e-6);
    for (size_t i = 0; i < width; ++i) {
      const size_t at = row * width + i;
      expected[at] = stream[at] * inverse * factor[i] + (c.has_shift ? shift[i] : 0.0);
    }
  }

  const DeviceValues<Bf16> on_product(queue, product);
  const DeviceValues<float> on_gate(queue, gate);
  const DeviceValues<float> on_addend(queue, addend);
  const DeviceValues<float> on_factor(queue, factor);
  const DeviceValues<float> on_shift(queue, shift);
  std::vector<float> streamed;
  const auto run = [&] {
    const DeviceValues<float> on_stream(queue, h);
    const DeviceValues<float> floats(queue, c.is_float ? count : 1);
    const DeviceValues<Bf16> halves(queue, c.is_float ? 1 : count);
    ResidualNorm work;
    work.stream = on_stream;
    work.product = c.has_product ? on_product.get() : nullptr;
    work.gate = c.has_gate ? on_gate.get() : nullptr;
    work.addend = c.has_addend ? on_addend.get() : nullptr;
    work.factor = on_factor;
    work.shift = c.has_shift ? on_shift.get() : nullptr;
    work.out = c.is_float ? static_cast<void*>(floats.get()) : halves.get();
    work.out_type = c.is_float ? ValueType::F32 : ValueType::Bf16;
    work.rows = c.rows;
    work.width = c.width;
    residual_norm(queue, work);
    streamed = on_stream.values();
    return c.is_float ? floats.values() : halves.values();
  };
  EXPECT_LT(relative_error(run(), expected), c.is_float ? kFloatError : kBf16Error);
  EXPECT_LT(relative_error(streamed, stream), kFloatError);
  EXPECT_TRUE(same_in_both_orders(run));
}

INSTANTIATE_TEST_SUITE_P(Sizes,
                         ResidualNormTest,
                         testing::Values(NormCase{1, 4, true, true, true, true, false},
                                         NormCase{3, 80, true, true, false, true, false},
                                         NormCase{2, 512, false, false, false, true, false},
                                         NormCase{3, 1028, true, false, false, false, true},
                                         NormCase{2, 1540, true, true, true, true, false},
                                         NormCase{1, 2048, false, false, true, true, true},
                                         NormCase{2, 2560, true, true, true, true, false},
                                         NormCase{2, 3072, true, true, false, true, false},
                                         NormCase{1, 4096, true, true, true, true, true}));

TEST(ResidualNormTest, refuses_widths_that_it_was_not_made_for) {
  EmulatedQueue queue;
  ResidualNorm work;
  work.rows = 1;
  work.width = 4100;
  EXPECT_THROW(residual_norm(queue, work), Error);
}

struct HeadCase {
  int head_dim, q_heads, k_heads, extra;
  bool turns;
};

class HeadNormTest : public testing::TestWithParam<HeadCase> {};

TEST_P(HeadNormTest, follows_its_formula) {
  const HeadCase& c = GetParam();
  EmulatedQueue queue;
  constexpr int64_t kRows = 5;
  constexpr int64_t kPositions = 3;  // so that rows of a second item start over
  const auto dim = static_cast<size_t>(c.head_dim);
  const auto heads = static_cast<size_t>(c.q_heads + c.k_heads);
  const size_t stride = (heads + static_cast<size_t>(c.extra)) * dim;
  const std::vector<float> values = rounded(random_values(kRows * stride, 1, 2.0f));
  const std::vector<float> q_weight = random_values(dim, 2);
  const std::vector<float> k_weight = random_values(dim, 3);
  std::vector<float> rotary;
  for (int64_t position = 0; position < kPositions; ++position) {
    for (size_t i = 0; i < dim / 2; ++i) {
      const double angle = static_cast<double>(position) *
                           std::pow(1e6, -2.0 * static_cast<double>(i) / static_cast<double>(dim));
      rotary.push_back(static_cast<float>(std::cos(angle)));
      rotary.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  std::vector<double> expected(values.begin(), values.end());
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t head = 0; head < heads; ++head) {
      double* const x = expected.data() + row * stride + head * dim;
      const auto& weight = head < static_cast<size_t>(c.q_heads) ? q_weight : k_weight;
      double squares = 0.0;
      for (size_t i = 0; i < dim; ++i) squares += x[i] * x[i];
      const double inverse = 1.0 / std::sqrt(squares / static_cast<double>(dim) + 1e-6);
      for (size_t i = 0; i < dim; ++i) x[i] *= inverse * weight[i];
      for (size_t i = 0; c.turns && i < dim / 2; ++i) {
        const size_t at = (row % kPositions * dim / 2 + i) * 2;
        const double a = x[i];
        const double b = x[i + dim / 2];
        x[i] = a * rotary[at] - b * rotary[at + 1];
        x[i + dim / 2] = b * rotary[at] + a * rotary[at + 1];
      }
    }
  }
  const DeviceValues<float> on_q(queue, q_weight);
  const DeviceValues<float> on_k(queue, k_weight);
  const DeviceValues<float> on_rotary(queue, rotary);
  const auto run = [&] {
    const DeviceValues<Bf16> on_values(queue, values);
    HeadNorm work;
    work.heads = on_values;
    work.rows = kRows;
    work.row_stride = static_cast<int>(stride);
    work.head_dim = c.head_dim;
    work.q_heads = c.q_heads;
    work.k_heads = c.k_heads;
    work.q_weight = on_q;
    work.k_weight = c.k_heads > 0 ? on_k.get() : nullptr;
    work.rotary = c.turns ? on_rotary.get() : nullptr;
    work.positions = kPositions;
    head_norm(queue, work);
    return on_values.values();
  };
  EXPECT_LT(relative_error(run(), expected), kBf16Error);
  EXPECT_TRUE(same_in_both_orders(run));
}

INSTANTIATE_TEST_SUITE_P(Sizes,
                         HeadNormTest,
                         testing::Values(HeadCase{16, 8, 2, 2, true},
                                         HeadCase{32, 3, 1, 1, true},
                                         HeadCase{64, 9, 3, 0, true},
                                         HeadCase{128, 32, 8, 8, true},
                                         HeadCase{128, 5, 0, 0, false},
                                         HeadCase{16, 0, 2, 0, false}));

TEST(SwiGluTest, follows_its_formula) {
  EmulatedQueue queue;
  for (const auto& [rows, width] : {std::pair<size_t, size_t>{1, 8}, {5, 224}, {3, 1032}}) {
    const std::vector<float> packed = rounded(random_values(rows * 2 * width, 1, 3.0f));
    std::vector<double> expected;
    for (size_t row = 0; row < rows; ++row) {
      for (size_t i = 0; i < width; ++i) {
        const size_t at = row * 2 * width + i;
        expected.push_back(silu(packed[at]) * packed[at + width]);
      }
    }
    const DeviceValues<Bf16> in(queue, packed);
    const auto run = [&, count = rows * width, r = rows, w = width] {
      const DeviceValues<Bf16> out(queue, count);
      swiglu(queue, in, out, static_cast<int64_t>(r), static_cast<int64_t>(w));
      return out.values();
    };
    EXPECT_LT(relative_error(run(), expected), kBf16Error) << rows << " x " << width;
    EXPECT_TRUE(same_in_both_orders(run));
  }
}

TEST(SwiGluTest, has_no_nan_at_the_ends_of_the_range) {
  EmulatedQueue queue;
  std::vector<float> packed(16, 1.0f);
  packed[0] = -3e38f;
  packed[1] = 3e38f;
  packed[2] = -100.0f;
  const DeviceValues<Bf16> in(queue, packed);
  const DeviceValues<Bf16> out(queue, 8);
  swiglu(queue, in, out, 1, 8);
  EXPECT_EQ(out.values()[0], 0.0f);
  EXPECT_GT(out.values()[1], 2.9e38f);
  EXPECT_NEAR(out.values()[2], 0.0f, 1e-30f);
}

TEST(MatrixVectorTest, follows_its_formula) {
  EmulatedQueue queue;
  for (const auto& [outputs, inputs] : {std::pair<size_t, size_t>{1, 8}, {19, 80}, {9, 1000}}) {
    const std::vector<float> w = rounded(random_values(outputs * inputs, 1));
    const std::vector<float> x = random_values(inputs, 2);
    const std::vector<float> bias = random_values(outputs, 3);
    std::vector<double> expected;
    std::vector<double> expected_silu;
    for (size_t row = 0; row < outputs; ++row) {
      double sum = bias[row];
      for (size_t i = 0; i < inputs; ++i) sum += static_cast<double>(w[row * inputs + i]) * x[i];
      expected.push_back(sum);
      expected_silu.push_back(silu(sum));
    }
    const DeviceValues<Bf16> on_w(queue, w);
    const DeviceValues<float> on_x(queue, x);
    const DeviceValues<float> on_bias(queue, bias);
    const DeviceValues<float> y(queue, outputs);
    const DeviceValues<float> activated(queue, outputs);
    MatrixVector work{on_w, on_x, on_bias, y, activated, 0, 0};
    work.outputs = static_cast<int64_t>(outputs);
    work.inputs = static_cast<int64_t>(inputs);
    matrix_vector(queue, work);
    EXPECT_LT(relative_error(y.values(), expected), kFloatError);
    EXPECT_LT(relative_error(activated.values(), expected_silu), 2 * kFloatError);
  }
}

TEST(ModulationTest, makes_factors_shifts_and_gates) {
  EmulatedQueue queue;
  constexpr size_t kWidth = 300;
  constexpr size_t kLayers = 2;
  const auto values = [&](uint32_t seed, size_t rows) {
    return random_values(rows * kWidth, seed);
  };
  const std::vector<float> tables[2] = {values(1, 6), values(2, 6)};
  const std::vector<float> self[2] = {values(3, 1), values(4, 1)};
  const std::vector<float> mlp[2] = {values(5, 1), values(6, 1)};
  const std::vector<float> projection[2] = {values(7, 6), values(8, 6)};
  const std::vector<float> embedding[2] = {values(9, 1), values(10, 1)};
  const std::vector<float> output_table = values(11, 2);
  const std::vector<float> output_norm = values(12, 1);

  std::vector<double> expected;
  const auto add_row = [&](const std::function<double(size_t)>& value) {
    for (size_t i = 0; i < kWidth; ++i) expected.push_back(value(i));
  };
  for (size_t layer = 0; layer < kLayers; ++layer) {
    const auto row = [&](size_t r, size_t i) {
      const size_t at = r * kWidth + i;
      return double{tables[layer][at]} + projection[0][at] + projection[1][at];
    };
    add_row([&](size_t i) { return (1 + row(1, i)) * self[layer][i]; });
    add_row([&](size_t i) { return row(0, i); });
    add_row([&](size_t i) { return row(2, i); });
    add_row([&](size_t i) { return (1 + row(4, i)) * mlp[layer][i]; });
    add_row([&](size_t i) { return row(3, i); });
    add_row([&](size_t i) { return row(5, i); });
  }
  const auto sum = [&](size_t i) { return double{embedding[0][i]} + embedding[1][i]; };
  add_row([&](size_t i) { return (1 + output_table[kWidth + i] + sum(i)) * output_norm[i]; });
  add_row([&](size_t i) { return output_table[i] + sum(i); });

  std::vector<DeviceValues<float>> kept;
  const auto put = [&](const std::vector<float>& x) { return kept.emplace_back(queue, x).get(); };
  LayerModulation layers[kLayers];
  for (size_t i = 0; i < kLayers; ++i) layers[i] = {put(tables[i]), put(self[i]), put(mlp[i])};
  const DeviceValues<float> result(queue, expected.size());
  Modulation work;
  work.layers = layers;
  work.layer_count = kLayers;
  work.output_table = put(output_table);
  work.output_norm = put(output_norm);
  work.projection_t = put(projection[0]);
  work.projection_r = put(projection[1]);
  work.embedding_t = put(embedding[0]);
  work.embedding_r = put(embedding[1]);
  work.result = result;
  work.width = kWidth;
  modulation(queue, work);
  EXPECT_LT(relative_error(result.values(), expected), kFloatError);
}

TEST(BiasTest, adds_and_converts) {
  EmulatedQueue queue;
  const std::vector<float> x = random_values(7 * 50, 1);
  const std::vector<float> bias = random_values(50, 2);
  std::vector<float> expected = x;
  for (size_t i = 0; i < x.size(); ++i) expected[i] += bias[i % 50];
  const DeviceValues<float> on_x(queue, x);
  const DeviceValues<float> on_bias(queue, bias);
  const DeviceValues<Bf16> halves(queue, x.size());
  add_bias(queue, {on_x, nullptr, halves, ValueType::Bf16, 7, 50});
  EXPECT_EQ(halves.values(), rounded(x));
  add_bias(queue, {on_x, on_bias, on_x, ValueType::F32, 7, 50});
  EXPECT_EQ(on_x.values(), expected);
}

TEST(BiasTest, repeats_heads_for_their_group) {
  EmulatedQueue queue;
  const DeviceValues<float> values(queue, std::vector<float>{1, 2, 3, 4});
  const DeviceValues<float> out(queue, 8);
  repeat_heads(queue, values, out, /*kv_heads=*/2, /*heads=*/4, /*head_dim=*/2);
  EXPECT_EQ(out.values(), (std::vector<float>{1, 2, 1, 2, 3, 4, 3, 4}));
}

}  // namespace
}  // namespace ams::cuda
