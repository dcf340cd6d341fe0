// Guards the hot kernels: their share of what the same core adds up in registers, in the same run
// and in processor time, so that neither the machine nor its load matters. The bounds lie well
// below what was measured (docs/performance.md); a kernel that falls below lost its vectors, its
// registers or its cache blocking.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tensor/graph.h"
#include "tensor/kernels/attention.h"
#include "tensor/kernels/conv1d.h"
#include "tensor/kernels/matmul.h"
#include "tensor/kernels/peak.h"

namespace ams {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kChecked = true;
#else
constexpr bool kChecked = false;
#endif

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// The best of alternating runs of both, as operations a second of `work` by those of `loop`.
double share(PeakLoop loop, double operations, const std::function<void()>& work) {
  double peak = 0.0, rate = 0.0;
  for (int run = 0; run < 8; ++run) {
    double start = thread_seconds();
    const int64_t most = loop(100'000);
    peak = std::max(peak, static_cast<double>(most) / (thread_seconds() - start));
    start = thread_seconds();
    work();
    rate = std::max(rate, operations / (thread_seconds() - start));
  }
  return rate / peak;
}

struct Memory {
  explicit Memory(int64_t floats)
      : bytes(std::aligned_alloc(64, static_cast<size_t>((floats * 4 + 63) / 64 * 64)),
              &std::free) {
    std::fill_n(get(), floats, 0.25f);
  }
  float* get() const { return static_cast<float*>(bytes.get()); }
  std::unique_ptr<void, decltype(&std::free)> bytes;
};

TEST(KernelSpeed, convolution_reaches_half_of_the_peak) {
  if (kChecked) GTEST_SKIP() << "sanitizers slow the kernels down";
  Conv1dArgs a;
  a.in_rows = a.out_rows = 140;
  a.in_channels = a.out_channels = 256;
  a.taps = 7;
  a.padding = 3;
  a.out_size = a.out_rows * a.out_channels;
  const Memory in(a.in_rows * a.in_channels), out(a.out_size), frequency(256), gain(256);
  const Memory weights(a.taps * a.in_channels * a.out_channels);
  a.in = in.get();
  a.out = out.get();
  a.weights = weights.get();
  a.frequency = frequency.get();
  a.gain = gain.get();
  const Conv1dKernel& kernel = conv1d_kernel();
  const Memory scratch(kernel.scratch_size(a, a.out_rows));
  const double operations = 2.0 * 140 * 256 * 256 * 7;
  EXPECT_GT(share(peak_loops().fp32,
                  operations,
                  [&] {
                    kernel.run(a, {0, a.out_rows, 0, 256 / kConvBlock}, scratch.get());
                  }),
            0.5)
      << kernel.name;
}

TEST(KernelSpeed, wide_product_reaches_half_of_the_peak) {
  const MatmulKernel* kernel = matmul_kernel();
  if (kChecked || !kernel) GTEST_SKIP() << "sanitizers, or no such kernel";
  constexpr int64_t kRows = 126, kIn = 1024, kOut = 256;
  const Memory x(kRows * kIn), y(kRows * kOut), weights(kOut * kIn / 2), packed(kRows * kIn / 2);
  const Memory row(kIn / 2), scratch(kIn * 16);
  const MatmulArgs a{kRows, kIn, kOut, MatrixType::Bf16, weights.get(), y.get()};
  const auto work = [&] {
    auto* pairs = reinterpret_cast<uint32_t*>(packed.get());
    const int64_t blocks = matmul_row_blocks(kRows).count;
    kernel->pack(a, x.get(), 0, blocks, pairs, reinterpret_cast<uint16_t*>(row.get()));
    for (int64_t o = 0; o < kOut / kMatmulBlock; ++o) {
      kernel->run(a, pairs, o, 0, blocks, reinterpret_cast<uint32_t*>(scratch.get()));
    }
  };
  EXPECT_GT(share(peak_loops().bf16, 2.0 * kRows * kIn * kOut, work), 0.5) << kernel->name;
}

TEST(KernelSpeed, attention_reaches_a_quarter_of_the_peak) {
  if (kChecked) GTEST_SKIP() << "sanitizers slow the kernels down";
  AttentionArgs a;
  a.queries = a.keys = 128;
  a.heads = 4;
  a.kv_heads = 2;
  a.head_dim = 128;
  const Memory q(128 * 4 * 128), k(128 * 2 * 128), out(128 * 4 * 128);
  a.q = q.get();
  a.k = a.v = k.get();
  a.q_strides = {128, 4 * 128, 0};
  a.k_strides = a.v_strides = {128, 2 * 128, 0};
  a.out = out.get();
  const AttentionKernel& kernel = attention_kernel();
  const Memory scratch(kernel.scratch_size(a));
  const auto work = [&] {
    for (int64_t unit = 0; unit < attention_units(a); ++unit) kernel.run(a, unit, scratch.get());
  };
  EXPECT_GT(share(peak_loops().fp32, 4.0 * 128 * 128 * 4 * 128, work), 0.25) << kernel.name;
}

// Threads wait busily for the next node of a graph, but not for the next graph.
TEST(IdleThreads, take_no_processor_time_soon_after_a_graph) {
  const auto device = Device::open({"cpu", 2});
  EXPECT_EQ(device->threads(), 2);
  Tensor x;
  Graph graph(*device, [&](GraphBuilder& g) {
    x = g.input("x", {64, 1024});
    g.output("y", g.scale(x, 2.0f));
  });
  graph.set(x, std::vector<float>(64 * 1024, 1.0f));
  graph.run();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const std::clock_t start = std::clock();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  EXPECT_LT(seconds, 0.02);
}

TEST(IdleThreads, one_thread_per_physical_core_is_the_default) {
  EXPECT_EQ(Device::open({"cpu"})->threads(), physical_cores());
}

}  // namespace
}  // namespace ams
