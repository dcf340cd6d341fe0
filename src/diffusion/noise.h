// Initial noise, bit by bit as PyTorch's generators draw it, so that a seed gives the same song as
// in the official program.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "diffusion/latent_shape.h"

namespace ams {

enum class NoisePrecision { Float32, BFloat16 };  // data type the official program draws in

// torch.randn on a CUDA device (curand_normal4 on Philox4x32-10). Value i of a draw of n values is
// lane (i / G) % 4 of the block with key = seed, subsequence = i % G and counter (i / G) / 4, where
// G = 256 * min(ceil(n / 256), max_blocks). Successive draws continue the counter.
class TorchCudaGenerator {
 public:
  // max_blocks: resident blocks of 256 threads on the imitated GPU (multiprocessors * 8); it
  // matters for draws above 256 * max_blocks values only. 1056 is an H100.
  explicit TorchCudaGenerator(uint64_t seed,
                              NoisePrecision precision = NoisePrecision::Float32,
                              int64_t max_blocks = 1056);
  void fill_normal(std::span<float> out);

 private:
  std::array<uint32_t, 2> key_;
  NoisePrecision precision_;
  int64_t max_blocks_;
  uint64_t first_block_ = 0;  // counter of the next draw
};

// torch.randn on the CPU: mt19937, Box-Muller on groups of 16 uniform values. In bfloat16 each
// operation rounds, so the values are another sequence, not the rounded float32 one.
class TorchCpuGenerator {
 public:
  explicit TorchCpuGenerator(uint64_t seed, NoisePrecision precision = NoisePrecision::Float32);
  // Throws InvalidRequest for fewer than 16 values, which PyTorch draws in another way.
  void fill_normal(std::span<float> out);

 private:
  uint32_t next_word();
  float uniform();
  void refill();

  std::array<uint32_t, 624> state_;
  size_t position_ = 624;
  NoisePrecision precision_;
};

enum class NoiseRecipe { TorchCuda, TorchCpu };

// A choice of the noise generator by name.
struct NoiseRecipeInfo {
  NoiseRecipe recipe;
  std::string_view name;  // "cuda"
  std::string_view label;
};
std::span<const NoiseRecipeInfo> noise_recipes();

// Noise of a batch: each item is drawn alone as [1, T, C] from its own seed. Returns [B, T, C].
// Throws InvalidRequest unless there is one seed per item. Thread-safe.
FloatArray initial_noise(const LatentShape& shape,
                         std::span<const uint64_t> seeds,
                         NoiseRecipe recipe = NoiseRecipe::TorchCuda,
                         NoisePrecision precision = NoisePrecision::Float32);

// Retake: noise <- cos(v pi/2) noise + sin(v pi/2) retake_noise. variance: in [0, 1]; 0 keeps the
// song, 1 makes a new one. Throws InvalidRequest outside the range or on sizes that differ.
void mix_retake_noise(std::span<float> noise, std::span<const float> retake_noise, double variance);

}  // namespace ams
