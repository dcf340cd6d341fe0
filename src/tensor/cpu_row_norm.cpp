#include "tensor/cpu_row_norm.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include <ggml.h>

#include "tensor/cpu_vector_math.h"

namespace ams {
namespace {

// Mean and sum of squared differences from it.
struct Moments {
  double mean = 0.0;
  double squares = 0.0;
};

// What one thread normalises: columns [begin, end) of every row in [first_row, last_row).
struct NormJob {
  const RowNormPlan& plan;
  const float* x;
  const float* weight;
  const float* bias;
  const float* statistics;  // null: rows are measured as they come
  const float* residual;    // may be null
  const float* scale;       // with residual
  float* y;
  int64_t columns, channels;
  int64_t first_row, last_row, begin, end;
};

// Two passes over values that fit the cache. Sums in floats run over short stretches only.
template <typename V>
[[gnu::always_inline]] inline Moments measure(const float* x, int64_t count) {
  constexpr int64_t kLanes = sizeof(V) / sizeof(float);
  constexpr int64_t kStretch = 64 * kLanes;
  const auto sum = [&](float mean, bool squared) __attribute__((always_inline)) {
    double total = 0.0;
    for (int64_t first = 0; first < count; first += kStretch) {
      const int64_t last = std::min(count, first + kStretch);
      V sums{};
      int64_t i = first;
      for (; i + kLanes <= last; i += kLanes) {
        V value;
        std::memcpy(&value, x + i, sizeof(V));
        value -= mean;
        sums += squared ? value * value : value;
      }
      float rest = 0.0f;
      for (; i < last; ++i) {
        const float value = x[i] - mean;
        rest += squared ? value * value : value;
      }
      for (int64_t lane = 0; lane < kLanes; ++lane) rest += sums[lane];
      total += static_cast<double>(rest);
    }
    return total;
  };
  const auto size = static_cast<double>(count);
  const auto guess = static_cast<float>(sum(0.0f, /*squared=*/false) / size);
  const double shift = sum(guess, /*squared=*/false) / size;  // what rounding the guess left over
  Moments moments;
  moments.mean = static_cast<double>(guess) + shift;
  moments.squares = sum(guess, /*squared=*/true) - size * shift * shift;
  return moments;
}

// Moments of all parts of a row of `count` values together.
Moments combine(const float* statistics, int64_t count) {
  Moments all;
  double size = 0.0;
  for (int64_t part = 0; part < kRowNormParts; ++part) {
    const int64_t begin = count * part / kRowNormParts;
    const int64_t end = count * (part + 1) / kRowNormParts;
    const auto added = static_cast<double>(end - begin);
    if (added == 0.0) continue;
    const double difference = static_cast<double>(statistics[2 * part]) - all.mean;
    const double total = size + added;
    all.mean += difference * added / total;
    all.squares += static_cast<double>(statistics[2 * part + 1]) +
                   difference * difference * size * added / total;
    size = total;
  }
  return all;
}

// `count` channels of one column; a and b are the norm's factor and summand.
template <typename V>
[[gnu::always_inline]] inline void finish(const NormJob& job,
                                          const float* x,
                                          const float* a,
                                          const float* b,
                                          int64_t offset,
                                          int64_t first,
                                          int64_t count) {
  constexpr int64_t kLanes = sizeof(V) / sizeof(float);
  const size_t bytes = static_cast<size_t>(count) * sizeof(float);
  const auto load = [&](V & value, const float* from) __attribute__((always_inline)) {
    if (count == kLanes) {
      std::memcpy(&value, from, sizeof(V));
    } else {
      value = V{};
      std::memcpy(&value, from, bytes);
    }
  };
  V value, factor, summand;
  load(value, x + first);
  load(factor, a + first);
  load(summand, b + first);
  value = value * factor + summand;
  if (job.plan.activation == ConvActivation::Gelu) gelu_erf(value);
  if (job.plan.activation == ConvActivation::Glu) {
    const int64_t half = job.channels / 2;
    V gate;
    load(gate, x + half + first);
    load(factor, a + half + first);
    load(summand, b + half + first);
    gate = gate * factor + summand;
    multiply_sigmoid(value, gate);
  }
  if (job.residual) {
    V scale, residual;
    load(scale, job.scale + first);
    load(residual, job.residual + offset + first);
    value = residual + scale * value;
  }
  if (count == kLanes) {
    std::memcpy(job.y + offset + first, &value, sizeof(V));
  } else {
    std::memcpy(job.y + offset + first, &value, bytes);
  }
}

template <typename V>
[[gnu::always_inline]] inline void normalize_with(const NormJob& job) {
  constexpr int64_t kLanes = sizeof(V) / sizeof(float);
  const bool glu = job.plan.activation == ConvActivation::Glu;
  const int64_t channels = job.channels;
  const int64_t row_size = job.columns * channels;
  // Without a GLU columns are alike, so several narrow ones make one wide one.
  const int64_t group = glu || job.residual ? 1 : kLanes;
  std::vector<float> a(static_cast<size_t>(group * channels));
  std::vector<float> b(a.size());
  for (int64_t row = job.first_row; row < job.last_row; ++row) {
    const float* x = job.x + row * row_size;
    const Moments moments =
        job.statistics ? combine(job.statistics, row_size) : measure<V>(x, row_size);
    const double variance = moments.squares / static_cast<double>(row_size);
    const double inverse = 1.0 / std::sqrt(variance + static_cast<double>(job.plan.eps));
    for (size_t i = 0; i < a.size(); ++i) {
      const size_t c = i % static_cast<size_t>(channels);
      const double factor = static_cast<double>(job.weight[c]) * inverse;
      a[i] = static_cast<float>(factor);
      b[i] = static_cast<float>(static_cast<double>(job.bias[c]) - factor * moments.mean);
    }
    const int64_t result = glu ? channels / 2 : channels;
    for (int64_t column = job.begin; column < job.end; column += group) {
      const int64_t count = std::min(group, job.end - column) * result;
      const int64_t offset = (row * job.columns + column) * result;
      int64_t first = 0;
      for (; first + kLanes <= count; first += kLanes) {
        finish<V>(job, x + column * channels, a.data(), b.data(), offset, first, kLanes);
      }
      if (first < count) {
        finish<V>(job, x + column * channels, a.data(), b.data(), offset, first, count - first);
      }
    }
  }
}

#if defined(__x86_64__)
[[gnu::target("avx512f,avx512dq,fma")]] void normalize_avx512(const NormJob& job) {
  normalize_with<Float16>(job);
}
[[gnu::target("avx2,fma")]] void normalize_avx2(const NormJob& job) { normalize_with<Float8>(job); }
[[gnu::target("avx512f,avx512dq,fma")]] Moments measure_avx512(const float* x, int64_t count) {
  return measure<Float16>(x, count);
}
[[gnu::target("avx2,fma")]] Moments measure_avx2(const float* x, int64_t count) {
  return measure<Float8>(x, count);
}
#endif

void normalize(const NormJob& job) {
#if defined(__x86_64__)
  if (cpu_has_avx512()) return normalize_avx512(job);
  if (cpu_has_avx2()) return normalize_avx2(job);
#endif
  normalize_with<Float4>(job);
}

Moments measure_part(const float* x, int64_t count) {
#if defined(__x86_64__)
  if (cpu_has_avx512()) return measure_avx512(x, count);
  if (cpu_has_avx2()) return measure_avx2(x, count);
#endif
  return measure<Float4>(x, count);
}

const float* floats(const ggml_tensor* tensor) { return static_cast<const float*>(tensor->data); }

}  // namespace

const RowNormPlan& row_norm_plan(ConvActivation activation) {
  constexpr float kEps = 1e-5f;  // PyTorch's default
  static const std::array<RowNormPlan, 3> plans{
      {{ConvActivation::None, kEps}, {ConvActivation::Gelu, kEps}, {ConvActivation::Glu, kEps}}};
  return plans[static_cast<size_t>(activation)];
}

void cpu_row_statistics(ggml_tensor* dst, int thread, int threads, void* /*plan*/) {
  const float* x = floats(dst->src[0]);
  const int64_t count = ggml_nelements(dst->src[0]);
  auto* out = static_cast<float*>(dst->data);
  for (int64_t part = thread; part < kRowNormParts; part += threads) {
    const int64_t begin = count * part / kRowNormParts;
    const int64_t end = count * (part + 1) / kRowNormParts;
    if (begin == end) continue;
    const Moments moments = measure_part(x + begin, end - begin);
    out[2 * part] = static_cast<float>(moments.mean);
    out[2 * part + 1] = static_cast<float>(moments.squares);
  }
}

void cpu_row_norm(ggml_tensor* dst, int thread, int threads, void* plan) {
  const ggml_tensor* x = dst->src[0];
  const int64_t rows = x->ne[2];
  const int64_t columns = x->ne[1];
  const bool single = rows == 1;
  const int next = single ? 4 : 3;
  const ggml_tensor* residual = dst->src[next];
  const NormJob job{*static_cast<const RowNormPlan*>(plan),
                    floats(x),
                    floats(dst->src[1]),
                    floats(dst->src[2]),
                    single ? floats(dst->src[3]) : nullptr,
                    residual ? floats(residual) : nullptr,
                    residual ? floats(dst->src[next + 1]) : nullptr,
                    static_cast<float*>(dst->data),
                    columns,
                    x->ne[0],
                    single ? 0 : rows * thread / threads,
                    single ? 1 : rows * (thread + 1) / threads,
                    single ? columns * thread / threads : 0,
                    single ? columns * (thread + 1) / threads : columns};
  normalize(job);
}

}  // namespace ams
