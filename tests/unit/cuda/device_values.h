// Values on the emulated card and back, and how results compare.
#pragma once

#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

#include "cuda/bf16.h"
#include "cuda/emulator/emulated_queue.h"

namespace ams::cuda {

// A guarded array on the emulated card. fp32 or Bf16.
template <class T>
class DeviceValues {
 public:
  DeviceValues(Queue& queue, size_t count)
      : count_(count), memory_(queue.allocate(count * sizeof(T))) {}
  DeviceValues(Queue& queue, const std::vector<float>& values)
      : DeviceValues(queue, values.size()) {
    for (size_t i = 0; i < count_; ++i) {
      if constexpr (std::is_same_v<T, float>) {
        get()[i] = values[i];
      } else {
        get()[i] = to_bf16(values[i]);
      }
    }
  }

  T* get() const { return static_cast<T*>(memory_.get()); }
  operator T*() const { return get(); }
  std::vector<float> values() const {
    std::vector<float> result(count_);
    for (size_t i = 0; i < count_; ++i) {
      if constexpr (std::is_same_v<T, float>) {
        result[i] = get()[i];
      } else {
        result[i] = to_float(get()[i]);
      }
    }
    return result;
  }

 private:
  size_t count_;
  DeviceMemory memory_;
};

inline std::vector<float> random_values(size_t count, uint32_t seed, float scale = 1.0f) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

// The same as a kernel that reads bf16 sees them.
inline std::vector<float> rounded(std::vector<float> values) {
  for (float& value : values) value = to_float(to_bf16(value));
  return values;
}

// ||a - b|| / ||b||; infinite if a is not finite.
template <class A, class B>
double relative_error(const std::vector<A>& a, const std::vector<B>& b) {
  double difference = 0.0;
  double norm = 0.0;
  if (a.size() != b.size()) return INFINITY;
  for (size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    difference += d * d;
    norm += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return std::isfinite(difference) ? std::sqrt(difference / std::max(norm, 1e-30)) : INFINITY;
}

// Runs a kernel with its threads in one order and in the other; true if the bytes are the same.
inline bool same_in_both_orders(const std::function<std::vector<float>()>& run) {
  auto& runner = simt::BlockRunner::instance();
  const std::vector<float> forward = run();
  runner.order = simt::LaneOrder::Backward;
  const std::vector<float> backward = run();
  runner.order = simt::LaneOrder::Forward;
  return forward.size() == backward.size() &&
         std::memcmp(forward.data(), backward.data(), forward.size() * sizeof(float)) == 0;
}

constexpr double kBf16Error =
    3e-3;  // relative L2 of values that were rounded once: 2^-9 at most each
constexpr double kFloatError = 1e-6;

}  // namespace ams::cuda
