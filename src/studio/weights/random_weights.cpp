#include "studio/weights/random_weights.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "base/philox.h"
#include "tensor/tensor_convert.h"

namespace ams {
namespace {

constexpr size_t kDrawn = size_t{1} << 22;
constexpr size_t kLongestRun = size_t{1} << 14;  // values read from one place
constexpr size_t kChunk = size_t{1} << 22;       // values encoded at a time
constexpr float kDeviation = 1.0f / 64.0f;       // as trained transformers start: about 0.02
constexpr float kResidualGain = 1.0f / 4.0f;     // of what a residual unit adds

// What a tensor is filled with, by the end of its name; the first row that fits counts.
struct Filling {
  std::string_view ending;
  float mean;
  float deviation;
};
constexpr std::array<Filling, 10> kFillings{{
    {"norm.weight", 1.0f, 0.0f},
    {"norm_out.weight", 1.0f, 0.0f},
    {".bias", 0.0f, 0.0f},
    {".alpha", 0.0f, 0.0f},  // of a snake, whose frequency is its exponential
    {".beta", 0.0f, 0.0f},
    {"conv2.weight_g", kResidualGain, 0.0f},
    {".weight_g", 1.0f, 0.0f},
    {".weight_v", 0.0f, 1.0f},  // its length does not matter
    {"null_condition_emb", 0.0f, 1.0f},
    {"special_token", 0.0f, 1.0f},
}};

Filling filling_of(std::string_view name) {
  const auto* row = std::find_if(kFillings.begin(), kFillings.end(), [&](const Filling& each) {
    return name.ends_with(each.ending);
  });
  return row == kFillings.end() ? Filling{"", 0.0f, kDeviation} : *row;
}

// Spreads the bits of a counter (splitmix64, public domain constants).
uint64_t mixed(uint64_t value) {
  value += 0x9E3779B97F4A7C15u;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

// FNV-1a; std::hash may differ between programs.
uint64_t hash_of(std::string_view name) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return hash;
}

}  // namespace

RandomWeights::RandomWeights(uint64_t seed) : seed_(seed), normal_(kDrawn) {
  PhiloxStream(seed, RandomPurpose::Noise).fill_normal(normal_);
  for (float& value : normal_) value = bf16_to_float(float_to_bf16(value));
}

TensorRecipe RandomWeights::recipe(const WeightPart& part, DType dtype) const {
  return {part.name, dtype, part.shape, [this, part, dtype](const ByteSink& sink) {
            make(part, dtype, sink);
          }};
}

void RandomWeights::make(const WeightPart& part, DType dtype, const ByteSink& sink) const {
  const Filling filling = filling_of(part.name);
  auto left = static_cast<size_t>(element_count(part.shape).value_or(0));
  uint64_t counter = seed_ ^ hash_of(part.name);
  std::vector<float> values;
  while (left > 0) {
    values.assign(std::min(left, kChunk), filling.mean);
    for (size_t done = 0; filling.deviation > 0.0f && done < values.size(); done += kLongestRun) {
      const size_t length = std::min(kLongestRun, values.size() - done);
      const size_t place = mixed(counter++) % (kDrawn - kLongestRun);
      // The deviations are powers of two, so the products stay representable in bf16.
      std::transform(normal_.begin() + static_cast<std::ptrdiff_t>(place),
                     normal_.begin() + static_cast<std::ptrdiff_t>(place + length),
                     values.begin() + static_cast<std::ptrdiff_t>(done),
                     [&](float normal) { return filling.deviation * normal; });
    }
    sink(encode_values(values, dtype, 1));
    left -= values.size();
  }
}

}  // namespace ams
