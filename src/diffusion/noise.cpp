#include "diffusion/noise.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/philox.h"
#include "base/str.h"
#include "diffusion/bfloat16.h"

namespace ams {
namespace {

constexpr int64_t kThreadsPerBlock = 256;
constexpr size_t kCpuGroup = 16;  // values that torch's CPU kernel transforms together

constexpr std::array<NoiseRecipeInfo, 2> kRecipes{{
    {NoiseRecipe::TorchCuda, "cuda", "As PyTorch on NVIDIA GPUs"},
    {NoiseRecipe::TorchCpu, "cpu", "As PyTorch on CPUs"},
}};

uint32_t low_word(uint64_t value) { return static_cast<uint32_t>(value & 0xffffffffu); }
uint32_t high_word(uint64_t value) { return static_cast<uint32_t>(value >> 32); }

float rounded(float value, NoisePrecision precision) {
  return precision == NoisePrecision::BFloat16 ? round_to_bfloat16(value) : value;
}

// One pair of curand's Box-Muller in float32: {s sin, s cos}.
std::array<float, 2> curand_pair(uint32_t first, uint32_t second) {
  constexpr float kScale = 0x1p-32f;
  constexpr float kAngleScale = kScale * 2.0f * std::numbers::pi_v<float>;
  const float u = std::fma(static_cast<float>(first), kScale, kScale / 2.0f);
  const float angle = std::fma(static_cast<float>(second), kAngleScale, kAngleScale / 2.0f);
  const float radius = std::sqrt(-2.0f * std::log(u));
  return {radius * std::sin(angle), radius * std::cos(angle)};
}

// normal_fill_16 of PyTorch: eight radii from the first half, eight angles from the second.
void transform_group(std::span<float> group, NoisePrecision precision) {
  const auto round = [precision](double value) {
    return rounded(static_cast<float>(value), precision);
  };
  constexpr size_t kHalf = kCpuGroup / 2;
  for (size_t j = 0; j < kHalf; ++j) {
    const float u = round(1.0f - group[j]);
    const float log_u = round(std::log(double{u}));
    const float radius = round(std::sqrt(double{round(-2.0f * log_u)}));
    const float angle = round(2.0 * std::numbers::pi * group[j + kHalf]);
    group[j] = round(radius * double{round(std::cos(double{angle}))});
    group[j + kHalf] = round(radius * double{round(std::sin(double{angle}))});
  }
}

}  // namespace

TorchCudaGenerator::TorchCudaGenerator(uint64_t seed, NoisePrecision precision, int64_t max_blocks)
    : key_{low_word(seed), high_word(seed)}, precision_(precision), max_blocks_(max_blocks) {
  if (max_blocks < 1) {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: a GPU with ", max_blocks, " blocks, expected at least 1"));
  }
}

void TorchCudaGenerator::fill_normal(std::span<float> out) {
  if (out.empty()) return;
  const auto count = static_cast<int64_t>(out.size());
  const int64_t blocks = std::min((count + kThreadsPerBlock - 1) / kThreadsPerBlock, max_blocks_);
  const int64_t threads = blocks * kThreadsPerBlock;
  const int64_t rounds = (count + 4 * threads - 1) / (4 * threads);
  for (int64_t round = 0; round < rounds; ++round) {
    const uint64_t block = first_block_ + static_cast<uint64_t>(round);
    const int64_t first = 4 * round * threads;
    for (int64_t thread = 0; thread < std::min(threads, count - first); ++thread) {
      const auto subsequence = static_cast<uint64_t>(thread);
      const std::array<uint32_t, 4> words = philox4x32(
          {low_word(block), high_word(block), low_word(subsequence), high_word(subsequence)}, key_);
      std::array<float, 2> pair{};
      for (int64_t lane = 0; lane < 4; ++lane) {
        const int64_t index = first + lane * threads + thread;
        if (index >= count) break;
        const auto word = static_cast<size_t>(lane);
        if (lane % 2 == 0) pair = curand_pair(words[word], words[word + 1]);
        out[static_cast<size_t>(index)] = rounded(pair[word % 2], precision_);
      }
    }
  }
  first_block_ += static_cast<uint64_t>(rounds);
}

TorchCpuGenerator::TorchCpuGenerator(uint64_t seed, NoisePrecision precision)
    : precision_(precision) {
  state_[0] = low_word(seed);
  for (size_t i = 1; i < state_.size(); ++i) {
    const uint32_t previous = state_[i - 1];
    state_[i] = 1812433253u * (previous ^ (previous >> 30)) + static_cast<uint32_t>(i);
  }
}

void TorchCpuGenerator::refill() {
  constexpr size_t kShift = 397;
  for (size_t i = 0; i < state_.size(); ++i) {
    const uint32_t joined = (state_[i] & 0x80000000u) | (state_[(i + 1) % 624] & 0x7fffffffu);
    state_[i] = state_[(i + kShift) % 624] ^ (joined >> 1) ^ ((joined & 1u) ? 0x9908b0dfu : 0u);
  }
  position_ = 0;
}

uint32_t TorchCpuGenerator::next_word() {
  if (position_ == state_.size()) refill();
  uint32_t word = state_[position_++];
  word ^= word >> 11;
  word ^= (word << 7) & 0x9d2c5680u;
  word ^= (word << 15) & 0xefc60000u;
  return word ^ (word >> 18);
}

float TorchCpuGenerator::uniform() {
  // As many low bits as the significand of the data type holds.
  const uint32_t word = next_word();
  return precision_ == NoisePrecision::BFloat16 ? static_cast<float>(word & 0xffu) * 0x1p-8f
                                                : static_cast<float>(word & 0xffffffu) * 0x1p-24f;
}

void TorchCpuGenerator::fill_normal(std::span<float> out) {
  if (out.size() < kCpuGroup) {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: noise of ", out.size(), " values, expected at least ", kCpuGroup));
  }
  for (float& value : out) value = uniform();
  for (size_t first = 0; first + kCpuGroup <= out.size(); first += kCpuGroup) {
    transform_group(out.subspan(first, kCpuGroup), precision_);
  }
  if (out.size() % kCpuGroup != 0) {  // PyTorch draws the last 16 values anew
    const std::span<float> tail = out.last(kCpuGroup);
    for (float& value : tail) value = uniform();
    transform_group(tail, precision_);
  }
}

std::span<const NoiseRecipeInfo> noise_recipes() { return kRecipes; }

FloatArray initial_noise(const LatentShape& shape,
                         std::span<const uint64_t> seeds,
                         NoiseRecipe recipe,
                         NoisePrecision precision) {
  validate(shape);
  if (static_cast<int64_t>(seeds.size()) != shape.batch) {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: ",
                    seeds.size(),
                    " seeds for a batch of ",
                    shape.batch,
                    ", expected one per item"));
  }
  FloatArray noise({shape.batch, shape.frames, shape.channels});
  for (int64_t item = 0; item < shape.batch; ++item) {
    const uint64_t seed = seeds[static_cast<size_t>(item)];
    if (recipe == NoiseRecipe::TorchCuda) {
      TorchCudaGenerator(seed, precision).fill_normal(noise.row(item));
    } else {
      TorchCpuGenerator(seed, precision).fill_normal(noise.row(item));
    }
  }
  return noise;
}

void mix_retake_noise(std::span<float> noise,
                      std::span<const float> retake_noise,
                      double variance) {
  if (!(variance >= 0.0 && variance <= 1.0)) {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: retake variance is ", variance, ", expected 0 to 1"));
  }
  if (noise.size() != retake_noise.size()) {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: retake noise has ",
                    retake_noise.size(),
                    " values, expected ",
                    noise.size()));
  }
  if (variance == 0.0) return;
  const auto keep = static_cast<float>(std::cos(variance * std::numbers::pi / 2.0));
  const auto renew = static_cast<float>(std::sin(variance * std::numbers::pi / 2.0));
  for (size_t i = 0; i < noise.size(); ++i) noise[i] = keep * noise[i] + renew * retake_noise[i];
}

}  // namespace ams
