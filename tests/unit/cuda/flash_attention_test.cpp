// Attention against scores, softmax and sums in fp64.
#include "cuda/kernels/flash_attention.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "cuda/device_values.h"

namespace ams::cuda {
namespace {

using simt::BlockRunner;
using simt::EmulatedQueue;

struct AttentionCase {
  int head_dim, batch, heads, kv_heads, queries, keys, window;
  float spread = 1.0f;  // of queries and keys; large ones make peaked weights
};

struct Operands {
  std::vector<float> q, k, v;
};

// Heads lie packed behind each other in rows; keys and values share their stride, as in a packed
// product.
Operands random_operands(const AttentionCase& c) {
  const auto size = [&](int length, int heads) {
    return static_cast<size_t>(c.batch) * static_cast<size_t>(length) *
           static_cast<size_t>(heads * c.head_dim);
  };
  return {rounded(random_values(size(c.queries, c.heads), 1, c.spread)),
          rounded(random_values(size(c.keys, c.kv_heads), 2, c.spread)),
          rounded(random_values(size(c.keys, c.kv_heads), 3))};
}

std::vector<double> reference(const AttentionCase& c, const Operands& in) {
  std::vector<double> out(in.q.size());
  const auto dim = static_cast<size_t>(c.head_dim);
  const auto q_row = [&](int b, int i, int h) {
    return (static_cast<size_t>(b * c.queries + i) * static_cast<size_t>(c.heads) +
            static_cast<size_t>(h)) *
           dim;
  };
  const auto kv_row = [&](int b, int j, int h) {
    return (static_cast<size_t>(b * c.keys + j) * static_cast<size_t>(c.kv_heads) +
            static_cast<size_t>(h / (c.heads / c.kv_heads))) *
           dim;
  };
  std::vector<double> weights(static_cast<size_t>(c.keys));
  for (int b = 0; b < c.batch; ++b) {
    for (int h = 0; h < c.heads; ++h) {
      for (int i = 0; i < c.queries; ++i) {
        double most = -INFINITY;
        for (int j = 0; j < c.keys; ++j) {
          double& score = weights[static_cast<size_t>(j)];
          score = -INFINITY;
          if (c.window > 0 && std::abs(i - j) > c.window) continue;
          score = 0.0;
          for (size_t d = 0; d < dim; ++d) {
            score += double{in.q[q_row(b, i, h) + d]} * in.k[kv_row(b, j, h) + d];
          }
          score /= std::sqrt(static_cast<double>(dim));
          most = std::max(most, score);
        }
        double sum = 0.0;
        for (double& weight : weights) sum += weight = std::exp(weight - most);
        for (int j = 0; j < c.keys; ++j) {
          for (size_t d = 0; d < dim; ++d) {
            out[q_row(b, i, h) + d] +=
                weights[static_cast<size_t>(j)] / sum * in.v[kv_row(b, j, h) + d];
          }
        }
      }
    }
  }
  return out;
}

std::vector<float> run(const AttentionCase& c, const Operands& in) {
  EmulatedQueue queue;
  const DeviceValues<Bf16> q(queue, in.q);
  const DeviceValues<Bf16> k(queue, in.k);
  const DeviceValues<Bf16> v(queue, in.v);
  const DeviceValues<Bf16> out(queue, in.q.size());
  FlashAttention work{q, k, v, out};
  work.q_stride = work.out_stride = c.heads * c.head_dim;
  work.kv_stride = c.kv_heads * c.head_dim;
  work.batch = c.batch;
  work.queries = c.queries;
  work.keys = c.keys;
  work.heads = c.heads;
  work.kv_heads = c.kv_heads;
  work.head_dim = c.head_dim;
  work.window = c.window;
  flash_attention(queue, work);
  return out.values();
}

class FlashAttentionTest : public testing::TestWithParam<AttentionCase> {};

// Both operands of the second product are rounded, so the error is that of two roundings.
TEST_P(FlashAttentionTest, equals_the_plain_formula) {
  const AttentionCase& c = GetParam();
  const Operands in = random_operands(c);
  EXPECT_LT(relative_error(run(c, in), reference(c, in)), 2 * kBf16Error);
}

INSTANTIATE_TEST_SUITE_P(Sizes,
                         FlashAttentionTest,
                         testing::Values(AttentionCase{16, 1, 8, 2, 13, 13, 0},
                                         AttentionCase{16, 2, 4, 2, 70, 70, 8},
                                         AttentionCase{32, 1, 2, 1, 129, 65, 0},
                                         AttentionCase{64, 2, 2, 1, 1, 7, 0},
                                         AttentionCase{64, 1, 1, 1, 200, 200, 16},
                                         AttentionCase{128, 1, 2, 1, 130, 128, 0},
                                         AttentionCase{128, 1, 4, 1, 37, 200, 0},
                                         AttentionCase{128, 1, 1, 1, 301, 301, 33},
                                         AttentionCase{128, 1, 1, 1, 190, 190, 128},
                                         AttentionCase{128, 1, 1, 1, 64, 192, 0, 6.0f},
                                         AttentionCase{32, 1, 1, 1, 257, 257, 1}));

TEST(FlashAttentionTest, gives_the_same_bytes_in_both_orders) {
  const AttentionCase c{128, 1, 2, 1, 140, 140, 40};
  const Operands in = random_operands(c);
  EXPECT_TRUE(same_in_both_orders([&] { return run(c, in); }));
}

TEST(FlashAttentionTest, reads_shared_memory_without_bank_conflicts) {
  for (const int head_dim : {16, 32, 64, 128}) {
    const AttentionCase c{head_dim, 1, 1, 1, 64, 64, 0};
    const Operands in = random_operands(c);
    BlockRunner::instance().counters = {};
    run(c, in);
    EXPECT_EQ(BlockRunner::instance().counters.bank_conflicts, 0) << head_dim;
    EXPECT_GT(BlockRunner::instance().counters.matrix_loads, 0);
  }
}

TEST(FlashAttentionTest, a_window_visits_the_tiles_that_it_touches_alone) {
  const auto products = [](int keys, int window) {
    const AttentionCase c{16, 1, 1, 1, keys, keys, window};
    const Operands in = random_operands(c);
    BlockRunner::instance().counters = {};
    run(c, in);
    return BlockRunner::instance().counters.tensor_products;
  };
  // 128 queries of the middle see at most 128 + 2 * 16 keys: tiles 1 to 4 of 6.
  EXPECT_EQ(products(384, 0) * (3 + 4 + 3), products(384, 16) * (6 + 6 + 6));
}

TEST(FlashAttentionTest, refuses_other_head_sizes) {
  EmulatedQueue queue;
  FlashAttention work;
  work.batch = work.queries = 1;
  work.head_dim = 96;
  EXPECT_THROW(flash_attention(queue, work), Error);
}

}  // namespace
}  // namespace ams::cuda
