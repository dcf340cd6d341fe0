// Heads, caches and attention of language models against their formulas in fp64.
#include "cuda/lm/lm_attention.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "cuda/device_values.h"
#include "cuda/lm/lm_heads.h"

namespace ams::cuda {
namespace {

using simt::EmulatedQueue;

// fp32 or bf16 memory of a cache.
struct CacheMemory {
  CacheMemory(Queue& queue, const std::vector<float>& values, bool exact)
      : floats(exact ? DeviceValues<float>(queue, values) : DeviceValues<float>(queue, 1)),
        halves(exact ? DeviceValues<Bf16>(queue, 1) : DeviceValues<Bf16>(queue, values)),
        is_exact(exact) {}
  void* get() const { return is_exact ? static_cast<void*>(floats.get()) : halves.get(); }
  std::vector<float> values() const { return is_exact ? floats.values() : halves.values(); }

  DeviceValues<float> floats;
  DeviceValues<Bf16> halves;
  bool is_exact;
};

struct Integers {
  Integers(Queue& queue, const std::vector<int32_t>& values) : memory(queue, values.size()) {
    std::copy(values.begin(), values.end(), memory.get());
  }
  DeviceValues<int32_t> memory;
};

struct AttentionCase {
  int head_dim, heads, kv_heads;
  bool is_exact;
  std::vector<int32_t> sequences, positions;
  ValueType out_type;
};

class LmAttentionTest : public testing::TestWithParam<AttentionCase> {};

TEST_P(LmAttentionTest, follows_its_formula) {
  const AttentionCase& c = GetParam();
  EmulatedQueue queue;
  constexpr int64_t kCapacity = 192;
  constexpr int64_t kSequences = 2;
  const auto dim = static_cast<size_t>(c.head_dim);
  const auto rows = c.positions.size();
  const auto q_width = static_cast<size_t>(c.heads) * dim;
  const auto kv_width = static_cast<size_t>(c.kv_heads) * dim;
  const std::vector<float> q = random_values(rows * (q_width + 5), 1);
  std::vector<float> k = random_values(kSequences * kCapacity * kv_width, 2);
  std::vector<float> v = random_values(kSequences * kCapacity * kv_width, 3);
  if (!c.is_exact) {
    k = rounded(k);
    v = rounded(v);
  }
  // What lies behind the longest sequence must not matter.
  std::vector<float> poisoned_k = k;
  std::vector<float> poisoned_v = v;
  std::vector<double> expected;
  for (size_t row = 0; row < rows; ++row) {
    const auto length = static_cast<size_t>(c.positions[row]) + 1;
    const size_t base = static_cast<size_t>(c.sequences[row]) * kCapacity * kv_width;
    for (size_t i = base + length * kv_width; i < base + kCapacity * kv_width; ++i) {
      const bool is_last =
          c.positions[row] == *std::max_element(c.positions.begin(), c.positions.end());
      if (is_last) poisoned_k[i] = poisoned_v[i] = NAN;
    }
    for (size_t head = 0; head < static_cast<size_t>(c.heads); ++head) {
      const size_t offset = base + head / static_cast<size_t>(c.heads / c.kv_heads) * dim;
      std::vector<double> weights(length);
      double sum = 0.0;
      for (size_t t = 0; t < length; ++t) {
        double score = 0.0;
        for (size_t i = 0; i < dim; ++i) {
          score += static_cast<double>(q[row * (q_width + 5) + head * dim + i]) *
                   k[offset + t * kv_width + i];
        }
        weights[t] = std::exp(score / std::sqrt(static_cast<double>(dim)));
        sum += weights[t];
      }
      for (size_t i = 0; i < dim; ++i) {
        double mixed = 0.0;
        for (size_t t = 0; t < length; ++t) mixed += weights[t] * v[offset + t * kv_width + i];
        expected.push_back(mixed / sum);
      }
    }
  }
  const DeviceValues<float> on_q(queue, q);
  const CacheMemory on_k(queue, poisoned_k, c.is_exact);
  const CacheMemory on_v(queue, poisoned_v, c.is_exact);
  const Integers sequences(queue, c.sequences);
  const Integers positions(queue, c.positions);
  LmAttention work;
  work.q = on_q;
  work.q_stride = static_cast<int64_t>(q_width + 5);
  work.where.sequences = sequences.memory;
  work.where.positions = positions.memory;
  work.cache = {on_k.get(), on_v.get(), c.is_exact, kCapacity};
  work.rows = static_cast<int>(rows);
  work.heads = c.heads;
  work.kv_heads = c.kv_heads;
  work.head_dim = c.head_dim;
  work.most_positions = kCapacity;
  work.out_type = c.out_type;
  const bool is_float = c.out_type == ValueType::F32;
  const auto run = [&] {
    const DeviceValues<float> partial(queue, static_cast<size_t>(attention_partials(work)));
    const DeviceValues<float> floats(queue, is_float ? expected.size() : 1);
    const DeviceValues<Bf16> halves(queue, is_float ? 1 : expected.size());
    work.partial = partial;
    work.out = is_float ? static_cast<void*>(floats.get()) : halves.get();
    lm_attention(queue, work);
    return is_float ? floats.values() : halves.values();
  };
  EXPECT_LT(relative_error(run(), expected), is_float ? 2e-6 : kBf16Error);
  EXPECT_TRUE(same_in_both_orders(run));
}

INSTANTIATE_TEST_SUITE_P(
    Sizes,
    LmAttentionTest,
    testing::Values(AttentionCase{8, 7, 1, true, {0}, {0}, ValueType::F32},
                    AttentionCase{8, 7, 1, false, {0, 1}, {63, 64}, ValueType::F32},
                    AttentionCase{16, 4, 4, false, {1, 0}, {5, 130}, ValueType::Bf16},
                    AttentionCase{32, 4, 2, true, {1, 1, 1}, {70, 71, 72}, ValueType::F32},
                    AttentionCase{64, 16, 1, false, {0}, {191}, ValueType::F32},
                    AttentionCase{128, 8, 2, false, {0, 1}, {127, 100}, ValueType::F32},
                    AttentionCase{128, 7, 1, true, {0}, {150}, ValueType::Bf16}));

TEST(LmAttentionTest, refuses_what_it_was_not_made_for) {
  EmulatedQueue queue;
  LmAttention work;
  work.rows = 1;
  work.heads = work.kv_heads = 1;
  work.head_dim = 24;
  work.most_positions = 64;
  EXPECT_THROW(lm_attention(queue, work), Error);
  work.head_dim = 32;
  work.heads = 17;
  EXPECT_THROW(lm_attention(queue, work), Error);
}

struct HeadsCase {
  int head_dim, heads, kv_heads;
  bool has_norm, is_exact;
};

class LmHeadsTest : public testing::TestWithParam<HeadsCase> {};

TEST_P(LmHeadsTest, follows_its_formula) {
  const HeadsCase& c = GetParam();
  EmulatedQueue queue;
  constexpr int64_t kCapacity = 9;
  const std::vector<int32_t> sequences{1, 0, 1};
  const std::vector<int32_t> positions{8, 0, 3};
  const auto dim = static_cast<size_t>(c.head_dim);
  const auto heads = static_cast<size_t>(c.heads);
  const auto kv_heads = static_cast<size_t>(c.kv_heads);
  const size_t row_size = (heads + 2 * kv_heads) * dim;
  const std::vector<float> qkv = random_values(3 * row_size, 1, 2.0f);
  const std::vector<float> q_norm = random_values(dim, 2);
  const std::vector<float> k_norm = random_values(dim, 3);
  const std::vector<float> rotary = random_values(kCapacity * dim, 4);

  std::vector<double> expected_q;
  std::vector<double> expected_cache;  // the lines of k and v, row by row
  for (size_t row = 0; row < 3; ++row) {
    for (size_t head = 0; head < heads + 2 * kv_heads; ++head) {
      const float* const values = qkv.data() + row * row_size + head * dim;
      const std::vector<float>& norm = head < heads ? q_norm : k_norm;
      const bool is_value = head >= heads + kv_heads;
      double squares = 0.0;
      for (size_t i = 0; i < dim; ++i) squares += static_cast<double>(values[i]) * values[i];
      const double inverse = 1.0 / std::sqrt(squares / static_cast<double>(dim) + 1e-6);
      const auto normed = [&](size_t i) {
        return c.has_norm ? values[i] * inverse * norm[i] : static_cast<double>(values[i]);
      };
      std::vector<double>& to = head < heads ? expected_q : expected_cache;
      for (size_t i = 0; i < dim; ++i) {
        const size_t pair = i % (dim / 2);
        const size_t at = (static_cast<size_t>(positions[row]) * (dim / 2) + pair) * 2;
        const double a = normed(pair);
        const double b = normed(pair + dim / 2);
        const double turned =
            i < dim / 2 ? a * rotary[at] - b * rotary[at + 1] : b * rotary[at] + a * rotary[at + 1];
        to.push_back(is_value ? values[i] : turned);
      }
    }
  }
  const size_t cache_size = 2 * kCapacity * kv_heads * dim;
  const CacheMemory keys(queue, std::vector<float>(cache_size, 0.0f), c.is_exact);
  const CacheMemory values(queue, std::vector<float>(cache_size, 0.0f), c.is_exact);
  const DeviceValues<float> on_qkv(queue, qkv);
  const DeviceValues<float> on_q_norm(queue, q_norm);
  const DeviceValues<float> on_k_norm(queue, k_norm);
  const DeviceValues<float> on_rotary(queue, rotary);
  const Integers on_sequences(queue, sequences);
  const Integers on_positions(queue, positions);
  LmHeads work;
  work.qkv = on_qkv;
  work.where.sequences = on_sequences.memory;
  work.where.positions = on_positions.memory;
  work.cache = {keys.get(), values.get(), c.is_exact, kCapacity};
  work.rows = 3;
  work.heads = c.heads;
  work.kv_heads = c.kv_heads;
  work.head_dim = c.head_dim;
  work.q_norm = c.has_norm ? on_q_norm.get() : nullptr;
  work.k_norm = c.has_norm ? on_k_norm.get() : nullptr;
  work.rotary = on_rotary;
  lm_heads(queue, work);

  std::vector<float> q;
  std::vector<float> cache;
  const std::vector<float> turned = on_qkv.values();
  for (size_t row = 0; row < 3; ++row) {
    const auto begin = turned.begin() + static_cast<std::ptrdiff_t>(row * row_size);
    q.insert(q.end(), begin, begin + static_cast<std::ptrdiff_t>(heads * dim));
    const size_t line =
        (static_cast<size_t>(sequences[row]) * kCapacity + static_cast<size_t>(positions[row])) *
        kv_heads * dim;
    for (const CacheMemory* of : {&keys, &values}) {
      const std::vector<float> all = of->values();
      const auto from = all.begin() + static_cast<std::ptrdiff_t>(line);
      cache.insert(cache.end(), from, from + static_cast<std::ptrdiff_t>(kv_heads * dim));
    }
  }
  EXPECT_LT(relative_error(q, expected_q), kFloatError);
  EXPECT_LT(relative_error(cache, expected_cache), c.is_exact ? kFloatError : kBf16Error);
}

INSTANTIATE_TEST_SUITE_P(Sizes,
                         LmHeadsTest,
                         testing::Values(HeadsCase{8, 7, 1, false, true},
                                         HeadsCase{32, 4, 2, true, false},
                                         HeadsCase{64, 3, 1, true, true},
                                         HeadsCase{128, 2, 2, true, false},
                                         HeadsCase{2, 1, 1, true, true}));

}  // namespace
}  // namespace ams::cuda
