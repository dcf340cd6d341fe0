// The attention kernels of every instruction set present, against the plain formula in double.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tensor/dtype.h"
#include "tensor/kernels/attention.h"

namespace ams {
namespace {

std::vector<const AttentionKernel*> kernels() {
  const AttentionKernel* found[4];
  const int count = attention_kernels(found);
  return {found, found + count};
}

struct Problem {
  int64_t batch, queries, keys, heads, kv_heads, head_dim;
  int64_t window = 0;
  bool causal = false;
  int64_t visible = 0;  // > 0: a mask shows that many keys to the last query, one less to the next
  bool half = false;
};

struct Data {
  std::vector<float> q, k, v;  // k and v hold bf16 values
  std::vector<uint16_t> half_k, half_v, mask;
};

std::vector<float> random_values(int64_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = bf16_to_float(float_to_bf16(normal(random)));
  return values;
}

std::vector<uint16_t> halves(const std::vector<float>& values) {
  std::vector<uint16_t> result;
  for (const float value : values) result.push_back(float_to_bf16(value));
  return result;
}

bool sees(const Problem& p, int64_t query, int64_t key) {
  if (p.window > 0 && std::abs(query - key) > p.window) return false;
  if (p.causal && key > query) return false;
  return p.visible == 0 || key < p.visible - (p.queries - 1 - query);
}

Data make_data(const Problem& p) {
  Data d;
  d.q = random_values(p.batch * p.queries * p.heads * p.head_dim, 1);
  d.k = random_values(p.batch * p.keys * p.kv_heads * p.head_dim, 2);
  d.v = random_values(p.batch * p.keys * p.kv_heads * p.head_dim, 3);
  d.half_k = halves(d.k);
  d.half_v = halves(d.v);
  for (int64_t i = 0; i < p.queries; ++i) {
    for (int64_t j = 0; j < p.keys; ++j) d.mask.push_back(sees(p, i, j) ? 0 : 0xFC00);
  }
  return d;
}

std::vector<float> run(const AttentionKernel& kernel, const Problem& p, const Data& d) {
  AttentionArgs a;
  a.batch = p.batch;
  a.queries = p.queries;
  a.keys = p.keys;
  a.heads = p.heads;
  a.kv_heads = p.kv_heads;
  a.head_dim = p.head_dim;
  a.scale = 1.0f / std::sqrt(static_cast<float>(p.head_dim));
  a.window = p.window;
  a.causal = p.causal;
  a.half_keys = p.half;
  a.q = d.q.data();
  a.k = p.half ? static_cast<const void*>(d.half_k.data()) : d.k.data();
  a.v = p.half ? static_cast<const void*>(d.half_v.data()) : d.v.data();
  a.q_strides = {p.head_dim, p.heads * p.head_dim, p.queries * p.heads * p.head_dim};
  a.k_strides = {p.head_dim, p.kv_heads * p.head_dim, p.keys * p.kv_heads * p.head_dim};
  a.v_strides = a.k_strides;
  if (p.visible > 0) {
    a.mask = d.mask.data();
    a.mask_row = p.keys;
  }
  std::vector<float> out(d.q.size(), NAN);
  a.out = out.data();
  const auto bytes = static_cast<size_t>(kernel.scratch_size(a)) * sizeof(float);
  const std::unique_ptr<void, decltype(&std::free)> scratch(
      std::aligned_alloc(64, (bytes + 63) / 64 * 64), &std::free);
  for (int64_t unit = 0; unit < attention_units(a); ++unit) {
    kernel.run(a, unit, static_cast<float*>(scratch.get()));
  }
  return out;
}

double largest_error(const Problem& p, const Data& d, const std::vector<float>& actual) {
  double error = 0.0;
  for (int64_t row = 0; row < p.batch * p.queries * p.heads; ++row) {
    const int64_t head = row % p.heads, query = row / p.heads % p.queries;
    const int64_t batch = row / p.heads / p.queries;
    const int64_t group = head / (p.heads / p.kv_heads);
    const auto key_at = [&](int64_t key) {
      return static_cast<size_t>(((batch * p.keys + key) * p.kv_heads + group) * p.head_dim);
    };
    const auto q_at = static_cast<size_t>(row * p.head_dim);
    std::vector<double> mixed(static_cast<size_t>(p.head_dim), 0.0);
    double total = 0.0;
    for (int64_t key = 0; key < p.keys; ++key) {
      if (!sees(p, query, key)) continue;
      double score = 0.0;
      for (size_t i = 0; i < mixed.size(); ++i)
        score += double{d.q[q_at + i]} * d.k[key_at(key) + i];
      const double weight = std::exp(score / std::sqrt(static_cast<double>(p.head_dim)));
      total += weight;
      for (size_t i = 0; i < mixed.size(); ++i) mixed[i] += weight * d.v[key_at(key) + i];
    }
    for (size_t i = 0; i < mixed.size(); ++i) {
      const double expected = total > 0.0 ? mixed[i] / total : 0.0;
      error = std::max(error, std::abs(actual[q_at + i] - expected));
      if (std::isnan(actual[q_at + i])) return 1e30;
    }
  }
  return error;
}

const Problem kProblems[] = {
    {1, 1, 1, 1, 1, 32},
    {2, 33, 33, 8, 2, 32},
    {2, 125, 61, 4, 2, 128},         // cross-attention
    {1, 70, 70, 7, 1, 64, 0, true},  // an odd group of heads
    {1, 200, 200, 4, 2, 32, 16},     // blocks before and after the window are skipped
    {2, 20, 20, 4, 2, 32, 8},
    {2, 1, 300, 4, 2, 64, 0, false, 130, true},  // a step of a language model
    {1, 1, 50, 7, 1, 64, 0, false, 41, true},    // an odd number of query rows
    {2, 2, 45, 3, 1, 32, 0, true},
    {1, 40, 96, 4, 2, 32, 0, false, 70, true},  // its prefill
    {1, 9, 40, 2, 1, 32, 0, false, 5},          // the first queries see nothing
};

TEST(AttentionKernels, every_kernel_equals_the_formula) {
  for (const Problem& p : kProblems) {
    const Data d = make_data(p);
    for (const AttentionKernel* kernel : kernels()) {
      EXPECT_LT(largest_error(p, d, run(*kernel, p, d)), 5e-6)
          << kernel->name << ", case " << &p - kProblems;
    }
  }
}

TEST(AttentionKernels, large_scores_do_not_overflow) {
  const Problem p{1, 3, 50, 1, 1, 32};
  Data d = make_data(p);
  for (float& value : d.q) value *= 100.0f;
  for (const AttentionKernel* kernel : kernels()) {
    EXPECT_LT(largest_error(p, d, run(*kernel, p, d)), 2e-4) << kernel->name;
  }
}

}  // namespace
}  // namespace ams
