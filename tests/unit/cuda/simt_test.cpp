// The emulator itself: does it run what CUDA runs, and does it see what CUDA forbids?
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cuda/emulator/emulated_queue.h"
#include "cuda/launch.h"
#include "cuda/tensor_core.h"
#include "cuda/warp.h"

namespace ams::cuda {
namespace {

using simt::BlockRunner;
using simt::EmulatedQueue;
using simt::LaneOrder;

// Sums each block's part of x; `out` has one value a block.
__global__ void sum_kernel(const float* x, int count, float* out) {
  auto* partial = reinterpret_cast<float*>(shared_memory());
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const float sum = block_sum<128>(i < count ? x[i] : 0.0f, partial);
  if (threadIdx.x == 0) out[blockIdx.x] = sum;
}

TEST(Simt, a_block_sum_sees_every_thread) {
  EmulatedQueue queue;
  std::vector<float> x(300);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  std::vector<float> out(3);
  launch(queue, "sum", sum_kernel, {3, 128, 4 * sizeof(float)}, x.data(), 300, out.data());
  EXPECT_THAT(out, testing::ElementsAre(128.0f * 127 / 2, 128.0f * 383 / 2, 44.0f * 555 / 2));
}

__global__ void shuffle_kernel(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  out[lane] = __shfl_down_sync(kWholeWarp, lane, 3);
  out[32 + lane] = __shfl_up_sync(kWholeWarp, lane, 1, 8);
  out[64 + lane] = __shfl_sync(kWholeWarp, lane * lane, 5);
  out[96 + lane] = static_cast<int>(__ballot_sync(kWholeWarp, lane % 2));
  if (lane < 8) out[128 + lane] = __shfl_xor_sync(0xFFu, lane, 4);
}

TEST(Simt, shuffles_follow_the_manual) {
  EmulatedQueue queue;
  std::vector<int> out(136, -1);
  launch(queue, "shuffle", shuffle_kernel, {1, 32}, out.data());
  EXPECT_EQ(out[0], 3);
  EXPECT_EQ(out[30], 30);     // beyond the warp: its own
  EXPECT_EQ(out[32 + 8], 8);  // first of its segment: its own
  EXPECT_EQ(out[32 + 9], 8);
  EXPECT_EQ(out[64 + 17], 25);
  EXPECT_EQ(out[96], static_cast<int>(0xAAAAAAAAu));
  EXPECT_EQ(out[128 + 1], 5);
}

// c [16, 8] = a [16, 16] b^T, b [8, 16], through shared memory and the fragments of a warp.
__global__ void product_kernel(const Bf16* a, const Bf16* b, float* c) {
  auto* tile = reinterpret_cast<Bf16*>(shared_memory());  // a [16, 16], then b [8, 16]
  const int lane = static_cast<int>(threadIdx.x);
  copy_async_16(tile + lane * 8, a + lane * 8, true);
  copy_async_16(tile + 256 + lane % 16 * 8, b + lane % 16 * 8, true);
  commit_copies();
  wait_for_copies<0>();
  __syncwarp();
  uint32_t left[4];
  uint32_t right[4];  // of two products; the first one is used
  load_matrices(left, tile + (lane % 16) * 16 + lane / 16 * 8);
  load_matrices(right, tile + 256 + (lane % 8) * 16 + lane / 8 % 2 * 8);
  const uint32_t column[2] = {right[0], right[1]};
  float sums[4] = {};
  mma_m16n8k16(sums, left, column);
  for (int i = 0; i < 4; ++i) c[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = sums[i];
}

TEST(Simt, fragments_of_a_tensor_product_lie_as_in_the_manual) {
  EmulatedQueue queue;
  std::vector<Bf16> a(256);
  std::vector<Bf16> b(128);
  for (size_t i = 0; i < a.size(); ++i) a[i] = to_bf16(static_cast<float>(i % 13) - 6.0f);
  for (size_t i = 0; i < b.size(); ++i) b[i] = to_bf16(static_cast<float>(i % 7) - 3.0f);
  std::vector<float> c(128);
  launch(queue, "product", product_kernel, {1, 32, 768}, a.data(), b.data(), c.data());
  for (size_t row = 0; row < 16; ++row) {
    for (size_t column = 0; column < 8; ++column) {
      float sum = 0.0f;
      for (size_t k = 0; k < 16; ++k)
        sum += to_float(a[row * 16 + k]) * to_float(b[column * 16 + k]);
      EXPECT_EQ(c[row * 8 + column], sum) << row << ", " << column;
    }
  }
}

// Matrices 8x8 transposed: out[r][c] = x[c][r] for four of them side by side in a row of 32.
__global__ void transpose_kernel(const Bf16* x, Bf16* out) {
  auto* tile = reinterpret_cast<Bf16*>(shared_memory());
  const int lane = static_cast<int>(threadIdx.x);
  for (int i = lane; i < 256; i += 32) tile[i] = x[i];
  __syncwarp();
  uint32_t values[4];
  load_matrices_transposed(values, tile + lane % 8 * 32 + lane / 8 * 8);
  for (int i = 0; i < 4; ++i) {
    std::memcpy(out + i * 64 + lane / 4 * 8 + lane % 4 * 2, &values[i], sizeof(uint32_t));
  }
}

TEST(Simt, matrices_are_transposed_on_the_way) {
  EmulatedQueue queue;
  std::vector<Bf16> x(256);
  for (size_t i = 0; i < x.size(); ++i) x[i] = Bf16{static_cast<uint16_t>(i)};
  std::vector<Bf16> out(256);
  BlockRunner::instance().counters = {};
  launch(queue, "transpose", transpose_kernel, {1, 32, 512}, x.data(), out.data());
  for (size_t matrix = 0; matrix < 4; ++matrix) {
    for (size_t i = 0; i < 64; ++i) {
      EXPECT_EQ(out[matrix * 64 + i].bits, x[i % 8 * 32 + matrix * 8 + i / 8].bits);
    }
  }
  // Rows 64 bytes apart meet in the same banks: two distinct positions for eight rows.
  EXPECT_EQ(BlockRunner::instance().counters.bank_conflicts, 4 * 6);
}

template <class Work>
std::string message_of(const Work& work) {
  try {
    work();
  } catch (const std::logic_error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

__global__ void divergent_barrier_kernel() {
  if (threadIdx.x < 40) __syncthreads();
}

TEST(Simt, a_barrier_that_some_threads_miss_is_an_error) {
  EmulatedQueue queue;
  EXPECT_THAT(message_of([&] {
                launch(queue, "k", divergent_barrier_kernel, {1, 64});
              }),
              testing::AllOf(testing::HasSubstr("barrier of simt_test.cpp"),
                             testing::HasSubstr("thread 40 is ended")));
  // The runner is as good as new afterwards.
  std::vector<int> out(136);
  launch(queue, "shuffle", shuffle_kernel, {1, 32}, out.data());
  EXPECT_EQ(out[0], 3);
}

__global__ void divergent_shuffle_kernel(float* out) {
  float value = 1.0f;
  if (threadIdx.x < 16) {
    value = __shfl_xor_sync(kWholeWarp, value, 1);
  } else {
    value = __shfl_xor_sync(kWholeWarp, value, 2);
  }
  out[threadIdx.x] = value;
}

TEST(Simt, threads_of_one_mask_at_two_places_are_an_error) {
  EmulatedQueue queue;
  std::vector<float> out(32);
  EXPECT_THAT(message_of([&] {
                launch(queue, "k", divergent_shuffle_kernel, {1, 32}, out.data());
              }),
              testing::HasSubstr("different exchanges"));
}

__global__ void forgotten_wait_kernel(const float* x, float* out) {
  auto* tile = reinterpret_cast<float*>(shared_memory());
  copy_async_16(tile, x, true);
  commit_copies();
  *out = *tile;
  wait_for_copies<0>();
}

TEST(Simt, memory_holds_nan_before_it_is_written_or_its_copy_awaited) {
  EmulatedQueue queue;
  alignas(16) const float x[4] = {1, 2, 3, 4};
  float out = 0.0f;
  launch(queue, "k", forgotten_wait_kernel, {1, 1, 16}, &x[0], &out);
  EXPECT_TRUE(std::isnan(out));
  const DeviceMemory memory = queue.allocate(64);
  EXPECT_TRUE(std::isnan(static_cast<const float*>(memory.get())[3]));
}

__global__ void racing_kernel(float* out) {
  auto* tile = reinterpret_cast<float*>(shared_memory());
  tile[threadIdx.x] = static_cast<float>(threadIdx.x);
  out[threadIdx.x] = tile[(threadIdx.x + 1) % blockDim.x];  // no barrier between
}

TEST(Simt, the_order_of_threads_shows_races) {
  EmulatedQueue queue;
  std::vector<float> forward(64);
  std::vector<float> backward(64);
  launch(queue, "k", racing_kernel, {1, 64, 256}, forward.data());
  BlockRunner::instance().order = LaneOrder::Backward;
  launch(queue, "k", racing_kernel, {1, 64, 256}, backward.data());
  BlockRunner::instance().order = LaneOrder::Forward;
  EXPECT_NE(0, std::memcmp(forward.data(), backward.data(), 256));
}

__global__ void overrun_kernel() { shared_memory()[64] = 1; }

TEST(SimtDeathTest, a_step_past_shared_or_device_memory_stops_the_program) {
  EmulatedQueue queue;
  EXPECT_DEATH(launch(queue, "k", overrun_kernel, {1, 1, 64}), "");
  const DeviceMemory memory = queue.allocate(32);
  EXPECT_DEATH(static_cast<float*>(memory.get())[8] = 1.0f, "");
}

TEST(Simt, products_add_what_they_are_told_to) {
  EmulatedQueue queue;
  const std::vector<float> x{1, 2, 3, 4};
  const std::vector<float> w{1, 0, 0, 1, 1, 1};
  std::vector<float> y{10, 20, 30, 40, 50, 60};
  Product product{x.data(), w.data(), y.data(), 2, 2, 3, ValueType::F32, ValueType::F32, y.data()};
  queue.multiply(product);
  EXPECT_THAT(y, testing::ElementsAre(11, 22, 33, 43, 54, 67));
}

}  // namespace
}  // namespace ams::cuda
