// Every way of computing attention against the plain formula.
#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "tensor/graph.h"

namespace ams {
namespace {

struct Sizes {
  int64_t batch, length, heads, kv_heads, head_dim;
};

FloatArray random_array(std::vector<int64_t> shape, uint64_t seed) {
  FloatArray array(std::move(shape));
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  for (float& value : array.data) value = normal(random);
  return array;
}

bool sees(const AttentionOptions& options, int64_t i, int64_t j) {
  if (options.causal && j > i) return false;
  return options.window == 0 || std::abs(i - j) <= options.window;
}

// softmax(q k^T / sqrt(D)) v in double, one query head at a time.
FloatArray naive_attention(const FloatArray& q,
                           const FloatArray& k,
                           const FloatArray& v,
                           const Sizes& sizes,
                           const AttentionOptions& options) {
  const auto [batch, length, heads, kv_heads, dim] = sizes;
  FloatArray out({batch, length, heads * dim});
  const auto at = [&](const FloatArray& x, int64_t count, int64_t b, int64_t i, int64_t h) {
    return x.data.begin() + ((b * length + i) * count + h) * dim;
  };
  std::vector<double> weights(static_cast<size_t>(length));
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t h = 0; h < heads; ++h) {
      const int64_t kv = h / (heads / kv_heads);
      for (int64_t i = 0; i < length; ++i) {
        double sum = 0.0;
        for (int64_t j = 0; j < length; ++j) {
          double score = 0.0;
          for (int64_t d = 0; d < dim; ++d) {
            score += double{at(q, heads, b, i, h)[d]} * at(k, kv_heads, b, j, kv)[d];
          }
          const double weight =
              sees(options, i, j) ? std::exp(score / std::sqrt(static_cast<double>(dim))) : 0.0;
          weights[static_cast<size_t>(j)] = weight;
          sum += weight;
        }
        for (int64_t d = 0; d < dim; ++d) {
          double mixed = 0.0;
          for (int64_t j = 0; j < length; ++j) {
            mixed += weights[static_cast<size_t>(j)] * at(v, kv_heads, b, j, kv)[d];
          }
          out.data[static_cast<size_t>(((b * length + i) * heads + h) * dim + d)] =
              static_cast<float>(mixed / sum);
        }
      }
    }
  }
  return out;
}

double relative_error(const FloatArray& actual, const FloatArray& expected) {
  double error = 0.0;
  double norm = 0.0;
  for (size_t i = 0; i < expected.data.size(); ++i) {
    error += std::pow(double{actual.data[i]} - expected.data[i], 2);
    norm += std::pow(double{expected.data[i]}, 2);
  }
  return std::sqrt(error / norm);
}

void expect_formula(const Sizes& sizes, const AttentionOptions& options) {
  const auto device = Device::open({"cpu", 2});
  const FloatArray q = random_array({sizes.batch, sizes.length, sizes.heads, sizes.head_dim}, 1);
  const std::vector<int64_t> kv_shape{sizes.batch, sizes.length, sizes.kv_heads, sizes.head_dim};
  const FloatArray k = random_array(kv_shape, 2);
  const FloatArray v = random_array(kv_shape, 3);
  Tensor in[3];
  Tensor out;
  Graph graph(*device, [&](GraphBuilder& g) {
    in[0] = g.input("q", q.shape);
    in[1] = g.input("k", k.shape);
    in[2] = g.input("v", v.shape);
    out = g.output("out", g.attention(in[0], in[1], in[2], options));
  });
  graph.set(in[0], q.data);
  graph.set(in[1], k.data);
  graph.set(in[2], v.data);
  graph.run();
  EXPECT_LE(relative_error(graph.get(out), naive_attention(q, k, v, sizes, options)), 1e-5);
}

TEST(Attention, full_with_grouped_heads) { expect_formula({2, 33, 8, 2, 16}, {}); }

TEST(Attention, odd_head_size_takes_the_plain_path) { expect_formula({1, 21, 4, 4, 10}, {}); }

TEST(Attention, causal) {
  AttentionOptions options;
  options.causal = true;
  expect_formula({1, 70, 4, 2, 32}, options);
}

TEST(Attention, short_window_is_masked) {
  AttentionOptions options;
  options.window = 8;
  expect_formula({2, 20, 4, 2, 16}, options);
}

// Long sequences are computed in blocks; lengths around multiples of the window are the edges.
TEST(Attention, long_window_in_blocks_equals_the_mask) {
  for (const int64_t length : {65, 79, 80, 81, 200}) {
    AttentionOptions options;
    options.window = 16;
    SCOPED_TRACE(length);
    expect_formula({2, length, 4, 2, 16}, options);
  }
}

}  // namespace
}  // namespace ams
