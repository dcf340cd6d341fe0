// The body of attention.h for one instruction set, as a template over its vector sizes. The rules
// of conv1d_impl.h for such files apply.
#pragma once

#include "tensor/kernels/attention.h"

namespace ams::detail {

// Isa: kLanes floats of a vector, kRows by kVectors accumulators, widen() from bf16 to a vector,
// interleave_low() and _high() of the halves of two vectors.
template <class Isa>
class AttentionImpl {
 public:
  static int64_t scratch_size(const AttentionArgs& a);
  static void run(const AttentionArgs& a, int64_t unit, float* scratch);

 private:
  static constexpr int64_t kLanes = Isa::kLanes;
  static constexpr int64_t kVectors = Isa::kVectors;
  static constexpr int64_t kColumns = kLanes * kVectors;
  static constexpr int64_t kKeys = 32;    // of a block
  static constexpr int64_t kFewRows = 8;  // below, memory counts more than arithmetic
  static constexpr float kHidden = -__builtin_inff();

  typedef float Vector __attribute__((vector_size(kLanes * 4)));
  typedef float Unaligned __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));
  typedef int32_t Ints __attribute__((vector_size(kLanes * 4)));

  // What one unit works on.
  struct Tile {
    int64_t batch, group, first, rows;  // rows: queries times heads of the group
    float *q, *keys, *values, *scores, *sums, *top, *total;  // scratch
  };

  struct Operand {
    const float* at;
    int64_t stride;  // of a row
  };
  struct Result {
    float* at;
    int64_t stride;
  };

  static Vector load(const float* p) { return *reinterpret_cast<const Unaligned*>(p); }
  static void store(float* p, Vector v) { *reinterpret_cast<Unaligned*>(p) = v; }
  static int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }
  static int64_t max(int64_t a, int64_t b) { return a > b ? a : b; }

  static float largest(Vector v, float start) {
    float lanes[kLanes];
    store(lanes, v);
    for (int64_t i = 0; i < kLanes; ++i) start = lanes[i] > start ? lanes[i] : start;
    return start;
  }
  static float total(Vector v) {
    float lanes[kLanes], sum = 0.0f;
    store(lanes, v);
    for (int64_t i = 0; i < kLanes; ++i) sum += lanes[i];
    return sum;
  }

  static Vector load_element(const void* base, int64_t index, bool half);
  // Of the next block: rows of a head lie too far apart for the processor to guess them.
  static void prefetch(const void* base, int64_t index, bool half) {
    const auto address = reinterpret_cast<uintptr_t>(base);  // may lie behind the last row
    __builtin_prefetch(
        reinterpret_cast<const void*>(address + static_cast<uintptr_t>(index) * (half ? 2 : 4)));
  }
  static Vector exp(Vector x);
  static void transpose(Vector (&v)[kLanes]);
  template <int Rows>
  static void product_rows(Operand a, Operand b, int64_t depth, Result c, bool add);
  static void product(
      Operand a, Operand b, int64_t depth, Result c, int64_t rows, int64_t columns, bool add);
  template <int Rows>
  static void score_few(const AttentionArgs& a, const Tile& t, int64_t key, int64_t row);
  template <int Rows>
  static void mix_few(const AttentionArgs& a, const Tile& t, int64_t key, int64_t row);
  static void score(const AttentionArgs& a, const Tile& t, int64_t key);
  static void mix(const AttentionArgs& a, const Tile& t, int64_t key);
  static void load_queries(const AttentionArgs& a, const Tile& t);
  static void load_keys(const AttentionArgs& a, const Tile& t, int64_t key);
  static void load_values(const AttentionArgs& a, const Tile& t, int64_t key);
  static bool hide(const AttentionArgs& a, const Tile& t, int64_t key);
  static void soften(const AttentionArgs& a, const Tile& t);
  static void finish(const AttentionArgs& a, const Tile& t);
};

template <class Isa>
typename AttentionImpl<Isa>::Vector AttentionImpl<Isa>::load_element(const void* base,
                                                                     int64_t index,
                                                                     bool half) {
  if (!half) return load(static_cast<const float*>(base) + index);
  return Isa::widen(static_cast<const uint16_t*>(base) + index);
}

// For x <= 0. 2^n is built from the rounded x / ln 2; the rest is a polynomial of degree six.
template <class Isa>
typename AttentionImpl<Isa>::Vector AttentionImpl<Isa>::exp(Vector x) {
  constexpr float kInverseLn2 = 1.44269504088896341f;
  constexpr float kLn2High = 0.693359375f;
  constexpr float kLn2Low = -2.12194440e-4f;
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  const Vector lowest = Vector{} - 87.0f;
  const Ints is_low = x < lowest;  // gives 1e-38, which no sum of weights above it sees
  x = is_low ? lowest : x;
  const Vector shifted = x * kInverseLn2 + kRound;
  const Vector n = shifted - kRound;
  const Vector r = (x - n * kLn2High) - n * kLn2Low;
  Vector p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const Ints exponent = (reinterpret_cast<Ints>(shifted) - 0x4B400000 + 127) << 23;
  return p * reinterpret_cast<Vector>(exponent);
}

// Perfect shuffles exchange the two halves of an element's index.
template <class Isa>
void AttentionImpl<Isa>::transpose(Vector (&v)[kLanes]) {
#pragma GCC unroll 4
  for (int64_t pass = 1; pass < kLanes; pass *= 2) {
    Vector w[kLanes];
#pragma GCC unroll 8
    for (int64_t i = 0; i < kLanes / 2; ++i) {
      w[2 * i] = Isa::interleave_low(v[i], v[i + kLanes / 2]);
      w[2 * i + 1] = Isa::interleave_high(v[i], v[i + kLanes / 2]);
    }
#pragma GCC unroll 16
    for (int64_t i = 0; i < kLanes; ++i) v[i] = w[i];
  }
}

// c [Rows, kColumns] = (add ? c : 0) + a [Rows, depth] b [depth, kColumns]
template <class Isa>
template <int Rows>
void AttentionImpl<Isa>::product_rows(Operand a, Operand b, int64_t depth, Result c, bool add) {
  Vector sum[Rows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
    for (int64_t v = 0; v < kVectors; ++v)
      sum[r][v] = add ? load(c.at + r * c.stride + v * kLanes) : Vector{};
  for (int64_t i = 0; i < depth; ++i, b.at += b.stride) {
    Vector column[kVectors];
#pragma GCC unroll 16
    for (int64_t v = 0; v < kVectors; ++v) column[v] = load(b.at + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
      for (int64_t v = 0; v < kVectors; ++v) sum[r][v] += column[v] * a.at[r * a.stride + i];
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
    for (int64_t v = 0; v < kVectors; ++v) store(c.at + r * c.stride + v * kLanes, sum[r][v]);
}

// The same for any number of rows, and columns in multiples of kColumns.
template <class Isa>
void AttentionImpl<Isa>::product(
    Operand a, Operand b, int64_t depth, Result c, int64_t rows, int64_t columns, bool add) {
  for (int64_t r = 0; r < rows;) {
    const int64_t left = rows - r;
    const int64_t step = left >= Isa::kRows ? Isa::kRows : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    const Operand from{a.at + r * a.stride, a.stride};
    for (int64_t i = 0; i < columns; i += kColumns) {
      const Operand column{b.at + i, b.stride};
      const Result to{c.at + r * c.stride + i, c.stride};
      if (step == Isa::kRows) {
        product_rows<Isa::kRows>(from, column, depth, to, add);
      } else if (step == 4) {
        product_rows<4>(from, column, depth, to, add);
      } else if (step == 2) {
        product_rows<2>(from, column, depth, to, add);
      } else {
        product_rows<1>(from, column, depth, to, add);
      }
    }
    r += step;
  }
}

template <class Isa>
void AttentionImpl<Isa>::load_queries(const AttentionArgs& a, const Tile& t) {
  const int64_t heads = a.heads / a.kv_heads;
  for (int64_t r = 0; r < t.rows; ++r) {
    const float* from = a.q + t.batch * a.q_strides.batch +
                        (t.first + r / heads) * a.q_strides.token +
                        (t.group * heads + r % heads) * a.q_strides.head;
    float* to = t.q + r * a.head_dim;
    for (int64_t d = 0; d < a.head_dim; d += kLanes) store(to + d, load(from + d) * a.scale);
    t.top[r] = kHidden;
    t.total[r] = 0.0f;
    for (int64_t d = 0; d < a.head_dim; d += kLanes) store(t.sums + r * a.head_dim + d, Vector{});
  }
}

// keys [D][kKeys]
template <class Isa>
void AttentionImpl<Isa>::load_keys(const AttentionArgs& a, const Tile& t, int64_t key) {
  const int64_t base = t.batch * a.k_strides.batch + t.group * a.k_strides.head;
  for (int64_t first = 0; first < kKeys; first += kLanes) {
    for (int64_t d = 0; d < a.head_dim; d += kLanes) {
      Vector v[kLanes];
#pragma GCC unroll 16
      for (int64_t i = 0; i < kLanes; ++i) {
        const int64_t at = min(key + first + i, a.keys - 1);  // the last ones are hidden later
        v[i] = load_element(a.k, base + at * a.k_strides.token + d, a.half_keys);
      }
      transpose(v);
#pragma GCC unroll 16
      for (int64_t i = 0; i < kLanes; ++i) store(t.keys + (d + i) * kKeys + first, v[i]);
    }
  }
}

// values [kKeys][D]
template <class Isa>
void AttentionImpl<Isa>::load_values(const AttentionArgs& a, const Tile& t, int64_t key) {
  const int64_t base = t.batch * a.v_strides.batch + t.group * a.v_strides.head;
  for (int64_t i = 0; i < kKeys; ++i) {
    const int64_t at = base + min(key + i, a.keys - 1) * a.v_strides.token;
    for (int64_t d = 0; d < a.head_dim; d += kLanes) {
      store(t.values + i * a.head_dim + d, load_element(a.v, at + d, a.half_keys));
    }
  }
}

// Scores of Rows rows without a transposed copy of the keys, which few rows do not pay for: partial
// sums of as many keys as a vector has lanes are transposed instead.
template <class Isa>
template <int Rows>
void AttentionImpl<Isa>::score_few(const AttentionArgs& a,
                                   const Tile& t,
                                   int64_t key,
                                   int64_t row) {
  const int64_t base = t.batch * a.k_strides.batch + t.group * a.k_strides.head;
  const float* q = t.q + row * a.head_dim;
  for (int64_t first = 0; first < kKeys; first += kLanes) {
    Vector part[Rows][kLanes];
    for (int64_t i = 0; i < kLanes; ++i) {
      const int64_t at = base + min(key + first + i, a.keys - 1) * a.k_strides.token;
      Vector sum[Rows] = {};
      for (int64_t d = 0; d < a.head_dim; d += kLanes) {
        prefetch(a.k, at + kKeys * a.k_strides.token + d, a.half_keys);
        const Vector k = load_element(a.k, at + d, a.half_keys);
#pragma GCC unroll 4
        for (int r = 0; r < Rows; ++r) sum[r] += k * load(q + r * a.head_dim + d);
      }
#pragma GCC unroll 4
      for (int r = 0; r < Rows; ++r) part[r][i] = sum[r];
    }
    for (int r = 0; r < Rows; ++r) {
      transpose(part[r]);
      Vector scores = part[r][0];
#pragma GCC unroll 16
      for (int64_t i = 1; i < kLanes; ++i) scores += part[r][i];
      store(t.scores + (row + r) * kKeys + first, scores);
    }
  }
}

// Adds the values of a block to the sums of Rows rows, from where they lie.
template <class Isa>
template <int Rows>
void AttentionImpl<Isa>::mix_few(const AttentionArgs& a, const Tile& t, int64_t key, int64_t row) {
  constexpr int64_t kAtOnce = 2;  // vectors of a row in registers
  const int64_t base = t.batch * a.v_strides.batch + t.group * a.v_strides.head;
  const int64_t keys = min(kKeys, a.keys - key);
  const float* weights = t.scores + row * kKeys;
  for (int64_t d = 0; d < a.head_dim; d += kAtOnce * kLanes) {
    float* const sums = t.sums + row * a.head_dim + d;
    Vector sum[Rows][kAtOnce];
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
      for (int64_t v = 0; v < kAtOnce; ++v) sum[r][v] = load(sums + r * a.head_dim + v * kLanes);
    for (int64_t i = 0; i < keys; ++i) {
      const int64_t at = base + (key + i) * a.v_strides.token + d;
      prefetch(a.v, at + kKeys * a.v_strides.token, a.half_keys);
#pragma GCC unroll 4
      for (int64_t v = 0; v < kAtOnce; ++v) {
        const Vector value = load_element(a.v, at + v * kLanes, a.half_keys);
#pragma GCC unroll 4
        for (int r = 0; r < Rows; ++r) sum[r][v] += value * weights[r * kKeys + i];
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
      for (int64_t v = 0; v < kAtOnce; ++v) store(sums + r * a.head_dim + v * kLanes, sum[r][v]);
  }
}

// Scores of all rows with a block of keys.
template <class Isa>
void AttentionImpl<Isa>::score(const AttentionArgs& a, const Tile& t, int64_t key) {
  if (t.rows > kFewRows) {
    load_keys(a, t, key);
    const Operand q{t.q, a.head_dim}, keys{t.keys, kKeys};
    return product(q, keys, a.head_dim, {t.scores, kKeys}, t.rows, kKeys, /*add=*/false);
  }
  int64_t row = 0;
  for (; row + 2 <= t.rows; row += 2) score_few<2>(a, t, key, row);
  if (row < t.rows) score_few<1>(a, t, key, row);
}

// Adds the values of a block to the sums of all rows.
template <class Isa>
void AttentionImpl<Isa>::mix(const AttentionArgs& a, const Tile& t, int64_t key) {
  if (t.rows > kFewRows) {
    load_values(a, t, key);
    const Operand weights{t.scores, kKeys}, values{t.values, a.head_dim};
    const Result sums{t.sums, a.head_dim};
    return product(weights, values, kKeys, sums, t.rows, a.head_dim, /*add=*/true);
  }
  int64_t row = 0;
  for (; row + 2 <= t.rows; row += 2) mix_few<2>(a, t, key, row);
  if (row < t.rows) mix_few<1>(a, t, key, row);
}

// Sets the scores of hidden keys; false if no query sees any key of the block, which is also asked
// before the scores are computed.
template <class Isa>
bool AttentionImpl<Isa>::hide(const AttentionArgs& a, const Tile& t, int64_t key) {
  const int64_t heads = a.heads / a.kv_heads;
  bool any = false;
  for (int64_t r = 0; r < t.rows; ++r) {
    const int64_t query = t.first + r / heads;
    int64_t begin = 0, end = a.keys;
    if (a.window > 0) {
      begin = query - a.window;
      end = min(end, query + a.window + 1);
    }
    if (a.causal) end = min(end, query + 1);
    begin = max(begin - key, 0);
    end = min(end - key, kKeys);
    float* scores = t.scores + r * kKeys;
    const uint16_t* mask =
        a.mask ? a.mask + t.batch * a.mask_batch + query * a.mask_row + key : nullptr;
    for (int64_t i = 0; i < min(begin, kKeys); ++i) scores[i] = kHidden;
    for (int64_t i = max(end, 0); i < kKeys; ++i) scores[i] = kHidden;
    for (int64_t i = begin; i < end; ++i) {
      if (mask && mask[i] != 0) {
        scores[i] = kHidden;
      } else {
        any = true;
      }
    }
  }
  return any;
}

// Scores to weights under the running maximum; what is summed so far shrinks with it.
template <class Isa>
void AttentionImpl<Isa>::soften(const AttentionArgs& a, const Tile& t) {
  for (int64_t r = 0; r < t.rows; ++r) {
    float* scores = t.scores + r * kKeys;
    Vector high = load(scores);
    for (int64_t i = kLanes; i < kKeys; i += kLanes) {
      const Vector next = load(scores + i);
      const Ints above = next > high;
      high = above ? next : high;
    }
    const float top = largest(high, t.top[r]);
    if (top == kHidden) {
      for (int64_t i = 0; i < kKeys; i += kLanes) store(scores + i, Vector{});
      continue;
    }
    if (top != t.top[r]) {
      const Vector shrink = exp(Vector{} + (t.top[r] - top));
      t.total[r] = total(shrink) / static_cast<float>(kLanes) * t.total[r];
      float* sums = t.sums + r * a.head_dim;
      for (int64_t d = 0; d < a.head_dim; d += kLanes) store(sums + d, load(sums + d) * shrink);
      t.top[r] = top;
    }
    Vector sum = {};
    for (int64_t i = 0; i < kKeys; i += kLanes) {
      const Vector score = load(scores + i);
      const Ints visible = score > Vector{} + kHidden;
      const Vector weight = visible ? exp(score - top) : Vector{};
      store(scores + i, weight);
      sum += weight;
    }
    t.total[r] += total(sum);
  }
}

template <class Isa>
void AttentionImpl<Isa>::finish(const AttentionArgs& a, const Tile& t) {
  const int64_t heads = a.heads / a.kv_heads;
  for (int64_t r = 0; r < t.rows; ++r) {
    const int64_t token = t.batch * a.queries + t.first + r / heads;
    float* to = a.out + (token * a.heads + t.group * heads + r % heads) * a.head_dim;
    const float* sums = t.sums + r * a.head_dim;
    const float factor = t.total[r] > 0.0f ? 1.0f / t.total[r] : 0.0f;
    for (int64_t d = 0; d < a.head_dim; d += kLanes) store(to + d, load(sums + d) * factor);
  }
}

template <class Isa>
int64_t AttentionImpl<Isa>::scratch_size(const AttentionArgs& a) {
  const int64_t rows = attention_tile(a) * (a.heads / a.kv_heads);
  return 2 * rows * a.head_dim + 2 * kKeys * a.head_dim + rows * kKeys + 2 * rows;
}

template <class Isa>
void AttentionImpl<Isa>::run(const AttentionArgs& a, int64_t unit, float* scratch) {
  const int64_t tile = attention_tile(a);
  const int64_t tiles = (a.queries + tile - 1) / tile;
  Tile t;
  t.batch = unit / tiles / a.kv_heads;
  t.group = unit / tiles % a.kv_heads;
  t.first = unit % tiles * tile;
  const int64_t queries = min(tile, a.queries - t.first);
  t.rows = queries * (a.heads / a.kv_heads);
  t.keys = scratch;
  t.values = t.keys + kKeys * a.head_dim;
  t.q = t.values + kKeys * a.head_dim;
  t.sums = t.q + t.rows * a.head_dim;
  t.scores = t.sums + t.rows * a.head_dim;
  t.top = t.scores + t.rows * kKeys;
  t.total = t.top + t.rows;
  load_queries(a, t);
  int64_t begin = 0, end = a.keys;
  if (a.window > 0) {
    begin = max(0, t.first - a.window);
    end = min(end, t.first + queries + a.window);
  }
  if (a.causal) end = min(end, t.first + queries);
  for (int64_t key = begin; key < end; key += kKeys) {
    if (a.mask && !hide(a, t, key)) continue;
    score(a, t, key);
    hide(a, t, key);
    soften(a, t);
    mix(a, t, key);
  }
  finish(a, t);
}

}  // namespace ams::detail
