// Products and embeddings in every format, against sums in fp64 of what ggml decodes.
#include "cuda/lm/lm_product.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "cuda/lm/lm_embed.h"
#include "cuda_lm/lm_weights.h"

namespace ams::cuda {
namespace {

using simt::EmulatedQueue;

struct ProductCase {
  int format;
  int64_t outputs, inputs;
  int rows;
  bool has_norm, has_bias, has_residual, gates;
  int64_t first_row, range;
  std::vector<int32_t> extra;
};

std::vector<double> expected_product(const ProductCase& c,
                                     const RandomWeights& w,
                                     const std::vector<float>& x,
                                     const std::vector<float>& norm,
                                     const std::vector<float>& bias,
                                     const std::vector<float>& residual) {
  std::vector<double> y;
  const auto inputs = static_cast<size_t>(c.inputs);
  for (int row = 0; row < c.rows; ++row) {
    const float* const values = x.data() + static_cast<size_t>(row) * inputs;
    double squares = 0.0;
    for (size_t i = 0; i < inputs; ++i) squares += static_cast<double>(values[i]) * values[i];
    const double inverse = 1.0 / std::sqrt(squares / static_cast<double>(inputs) + 1e-5);
    const auto dot = [&](int64_t output) {
      double sum = 0.0;
      for (size_t i = 0; i < inputs; ++i) {
        const double v = c.has_norm ? values[i] * inverse * norm[i] : values[i];
        sum += static_cast<double>(w.values[static_cast<size_t>(output) * inputs + i]) * v;
      }
      return sum;
    };
    std::vector<int64_t> chosen;
    const int64_t count = c.gates ? c.outputs / 2 : c.range > 0 ? c.range : c.outputs;
    for (int64_t i = 0; i < count; ++i) chosen.push_back(c.first_row + i);
    chosen.insert(chosen.end(), c.extra.begin(), c.extra.end());
    for (size_t i = 0; i < chosen.size(); ++i) {
      double value = dot(chosen[i]);
      if (c.gates) value = value / (1.0 + std::exp(-value)) * dot(chosen[i] + count);
      if (c.has_bias) value += bias[i];
      if (c.has_residual) value += residual[static_cast<size_t>(row) * chosen.size() + i];
      y.push_back(value);
    }
  }
  return y;
}

class LmProductTest : public testing::TestWithParam<ProductCase> {};

TEST_P(LmProductTest, follows_its_formula) {
  const ProductCase& c = GetParam();
  EmulatedQueue queue;
  const RandomWeights w(queue, kFormats[c.format], c.outputs, c.inputs, 1);
  const std::vector<float> x = random_values(static_cast<size_t>(c.rows * c.inputs), 2, 3.0f);
  const std::vector<float> norm = random_values(static_cast<size_t>(c.inputs), 3);
  DeviceValues<int32_t> extra(queue, std::max<size_t>(1, c.extra.size()));
  std::copy(c.extra.begin(), c.extra.end(), extra.get());
  LmProduct work;
  work.w = w.matrix;
  work.rows = c.rows;
  work.eps = 1e-5f;
  work.gates = c.gates;
  work.first_row = c.first_row;
  work.range = c.range;
  work.extra = extra;
  work.extra_count = static_cast<int64_t>(c.extra.size());
  const auto width = static_cast<size_t>(work.width());
  const std::vector<float> bias = random_values(width, 4);
  const std::vector<float> residual = random_values(static_cast<size_t>(c.rows) * width, 5);
  const DeviceValues<float> on_x(queue, x);
  const DeviceValues<float> on_norm(queue, norm);
  const DeviceValues<float> on_bias(queue, bias);
  work.x = on_x;
  work.norm = c.has_norm ? on_norm.get() : nullptr;
  work.bias = c.has_bias ? on_bias.get() : nullptr;
  const auto run = [&] {
    const DeviceValues<float> y = c.has_residual ? DeviceValues<float>(queue, residual)
                                                 : DeviceValues<float>(queue, residual.size());
    work.y = y;
    work.residual = c.has_residual ? y.get() : nullptr;
    lm_product(queue, work);
    return y.values();
  };
  EXPECT_LT(relative_error(run(), expected_product(c, w, x, norm, bias, residual)), kFloatError);
  EXPECT_TRUE(same_in_both_orders(run));
}

INSTANTIATE_TEST_SUITE_P(
    Sizes,
    LmProductTest,
    testing::Values(ProductCase{0, 7, 56, 1, false, false, false, false, 0, 0, {}},
                    ProductCase{0, 21, 144, 3, true, true, true, false, 0, 0, {}},
                    ProductCase{1, 1, 8, 1, true, false, false, false, 0, 0, {}},
                    ProductCase{1, 64, 1096, 2, true, true, false, false, 0, 0, {}},
                    ProductCase{1, 22, 2048, 2, true, false, false, true, 0, 0, {}},
                    ProductCase{1, 18, 3584, 8, false, false, true, false, 0, 0, {}},
                    ProductCase{1, 97, 64, 2, true, false, false, false, 13, 51, {96, 0, 3}},
                    ProductCase{2, 9, 32, 1, false, false, false, false, 0, 0, {}},
                    ProductCase{2, 13, 96, 2, true, true, true, false, 0, 0, {}},
                    ProductCase{2, 10, 2080, 5, true, false, false, true, 0, 0, {}},
                    ProductCase{2, 40, 1024, 1, true, false, false, false, 1, 2, {39}},
                    ProductCase{3, 11, 256, 1, false, false, false, false, 0, 0, {}},
                    ProductCase{3, 14, 2304, 2, true, true, true, true, 0, 0, {}},
                    ProductCase{3, 6, 1024, 7, true, false, false, false, 0, 0, {}},
                    ProductCase{4, 5, 768, 2, true, false, true, false, 0, 0, {}},
                    ProductCase{5, 5, 256, 2, false, false, true, false, 0, 0, {}},
                    ProductCase{5, 9, 2560, 1, true, true, true, false, 0, 0, {}}));

// A row of a product does not depend on the rows beside it: a guided song's tokens are those of the
// same sequence alone.
TEST(LmProductTest, gives_a_row_the_same_bytes_beside_another) {
  EmulatedQueue queue;
  const RandomWeights w(queue, kFormats[1], 12, 512, 1);
  const DeviceValues<float> x(queue, random_values(2 * 512, 2));
  const DeviceValues<float> one(queue, 12);
  const DeviceValues<float> two(queue, 24);
  LmProduct work;
  work.w = w.matrix;
  work.x = x;
  work.y = one;
  work.rows = 1;
  lm_product(queue, work);
  work.y = two;
  work.rows = 2;
  lm_product(queue, work);
  EXPECT_EQ(std::memcmp(one.get(), two.get(), 12 * sizeof(float)), 0);
}

TEST(LmProductTest, refuses_what_it_was_not_made_for) {
  EmulatedQueue queue;
  LmProduct work;
  work.rows = 9;
  work.w.inputs = 64;
  EXPECT_THROW(lm_product(queue, work), Error);
  work.rows = 1;
  work.w.inputs = 60;
  EXPECT_THROW(lm_product(queue, work), Error);
}

TEST(LmEmbedTest, gives_rows_of_every_format) {
  EmulatedQueue queue;
  for (const FormatRow& format : kFormats) {
    constexpr int64_t kInputs = 512;
    const RandomWeights table(queue, format, 6, kInputs, 1);
    const DeviceValues<int32_t> tokens(queue, 3);
    const std::vector<int32_t> ids{5, 0, 2};
    std::copy(ids.begin(), ids.end(), tokens.get());
    const DeviceValues<float> out(queue, 3 * kInputs);
    lm_embed(queue, table.matrix, tokens, 3, out);
    std::vector<float> expected;
    for (const int32_t id : ids) {
      const auto row = table.values.begin() + id * kInputs;
      expected.insert(expected.end(), row, row + kInputs);
    }
    EXPECT_LT(relative_error(out.values(), expected), kFloatError) << dtype_name(format.dtype);
  }
}

}  // namespace
}  // namespace ams::cuda
