#include "diffusion/noise.h"

#include <array>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "diffusion/bfloat16.h"

namespace ams {
namespace {

using testing::FloatNear;
using testing::Pointwise;

std::vector<float> draw(TorchCudaGenerator generator, size_t count) {
  std::vector<float> values(count);
  generator.fill_normal(values);
  return values;
}

TEST(Noise, cuda_seed_42) {
  const std::vector<uint64_t> seeds{42};
  const LatentShape shape{1, 250, 64};
  const FloatArray noise = initial_noise(shape, seeds);
  EXPECT_EQ(noise.shape, (std::vector<int64_t>{1, 250, 64}));
  EXPECT_THAT(std::vector<float>(noise.data.begin(), noise.data.begin() + 8),
              Pointwise(FloatNear(2e-6f),
                        {0.194019f,
                         2.161374f,
                         -0.172051f,
                         0.84906f,
                         -1.924399f,
                         0.652985f,
                         -0.649441f,
                         -0.817525f}));
  const FloatArray rounded =
      initial_noise(shape, seeds, NoiseRecipe::TorchCuda, NoisePrecision::BFloat16);
  EXPECT_THAT(std::vector<float>(rounded.data.begin(), rounded.data.begin() + 8),
              Pointwise(FloatNear(1e-6f),
                        {0.194336f,
                         2.15625f,
                         -0.171875f,
                         0.847656f,
                         -1.921875f,
                         0.652344f,
                         -0.648438f,
                         -0.816406f}));
}

TEST(Noise, short_cuda_draws_do_not_depend_on_the_gpu) {
  EXPECT_EQ(draw(TorchCudaGenerator(3), 5000),
            draw(TorchCudaGenerator(3, NoisePrecision::Float32, 20), 5000));
  EXPECT_NE(draw(TorchCudaGenerator(3), 5000),
            draw(TorchCudaGenerator(3, NoisePrecision::Float32, 19), 5000));
}

TEST(Noise, long_cuda_draws_use_all_lanes_and_then_the_next_counter) {
  // One block of 256 threads: 2 * 1024 values are two rounds of four lanes; a fresh generator that
  // draws 1024 values twice walks the same counters.
  TorchCudaGenerator one_block(5, NoisePrecision::Float32, 1);
  std::vector<float> first(1024), second(1024);
  one_block.fill_normal(first);
  one_block.fill_normal(second);
  std::vector<float> both = first;
  both.insert(both.end(), second.begin(), second.end());
  EXPECT_EQ(both, draw(TorchCudaGenerator(5, NoisePrecision::Float32, 1), 2048));
  EXPECT_EQ(std::set<float>(both.begin(), both.end()).size() > 2000, true);
}

TEST(Noise, items_of_a_batch_are_drawn_alone) {
  const std::vector<uint64_t> seeds{1, 2};
  const std::vector<uint64_t> second_seed{2};
  for (const NoiseRecipeInfo& info : noise_recipes()) {
    const FloatArray batch = initial_noise({2, 10, 4}, seeds, info.recipe);
    const FloatArray alone = initial_noise({1, 10, 4}, second_seed, info.recipe);
    EXPECT_THAT(batch.row(1), testing::ElementsAreArray(alone.data)) << info.name;
  }
}

TEST(Noise, cpu_draws_the_last_group_anew_if_it_is_not_full) {
  std::vector<float> full(32), longer(40);
  TorchCpuGenerator(9).fill_normal(full);
  TorchCpuGenerator(9).fill_normal(longer);
  EXPECT_TRUE(std::equal(longer.begin(), longer.begin() + 16, full.begin()));
  EXPECT_NE(std::vector<float>(longer.begin() + 24, longer.begin() + 32),
            std::vector<float>(full.begin() + 24, full.end()));
}

TEST(Noise, wrong_requests_are_refused) {
  const std::vector<uint64_t> seeds{1};
  std::array<float, 15> few{};
  EXPECT_THROW(initial_noise({2, 10, 4}, seeds), Error);
  EXPECT_THROW(initial_noise({1, 0, 4}, seeds), Error);
  EXPECT_THROW(initial_noise({1, int64_t{1} << 40, int64_t{1} << 40}, seeds), Error);
  EXPECT_THROW(TorchCpuGenerator(1).fill_normal(few), Error);
  EXPECT_THROW(TorchCudaGenerator(1, NoisePrecision::Float32, 0), Error);
}

TEST(Noise, retake_of_variance_0_keeps_and_of_1_replaces_the_noise) {
  const std::array retake{3.0f, -4.0f};
  std::array noise{1.0f, 2.0f};
  mix_retake_noise(noise, retake, 0.0);
  EXPECT_THAT(noise, testing::ElementsAre(1.0f, 2.0f));
  mix_retake_noise(noise, retake, 1.0);
  EXPECT_THAT(noise, Pointwise(FloatNear(1e-6f), {3.0f, -4.0f}));
  EXPECT_THROW(mix_retake_noise(noise, retake, 1.5), Error);
  EXPECT_THROW(mix_retake_noise(noise, std::array{1.0f}, 0.5), Error);
}

TEST(Bfloat16, ties_round_to_even) {
  EXPECT_EQ(round_to_bfloat16(1.0f + 0x1p-8f), 1.0f);
  EXPECT_EQ(round_to_bfloat16(1.0f + 3 * 0x1p-8f), 1.0f + 0x1p-6f);
  EXPECT_EQ(round_to_bfloat16(-1.001f), -1.0f);
}

}  // namespace
}  // namespace ams
