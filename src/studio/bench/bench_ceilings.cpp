#include "studio/bench/bench_ceilings.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>
#include <span>
#include <thread>
#include <vector>

#include "tensor/graph.h"
#include "tensor/huge_pages.h"
#include "tensor/kernels/peak.h"
#include "tensor/weight_store.h"

namespace ams {
namespace {

constexpr int kRuns = 10;

// The fastest of a few runs after the first, in seconds.
template <typename Work>
double best_seconds(const Work& work) {
  work();
  double best = 1e30;
  for (int i = 0; i < kRuns; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best = std::min(best, elapsed.count());
  }
  return best;
}

// work(index) on `threads` threads.
template <typename Work>
void on_threads(int threads, const Work& work) {
  std::vector<std::jthread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(work, i);
  work(0);
}

double peak_gflops(PeakLoop loop, int threads) {
  constexpr int64_t kRounds = 6'000'000;  // long enough for every thread to find its core
  std::vector<int64_t> operations(static_cast<size_t>(threads));
  const double seconds = best_seconds([&] {
    on_threads(threads, [&](int i) { operations[static_cast<size_t>(i)] = loop(kRounds); });
  });
  const int64_t total = std::accumulate(operations.begin(), operations.end(), int64_t{0});
  return static_cast<double>(total) / seconds / 1e9;
}

double read_rate(int threads) {
  constexpr size_t kWords = size_t{1} << 25;  // 256 MiB, more than any cache
  const auto memory = std::make_unique_for_overwrite<uint64_t[]>(kWords);
  const std::span<uint64_t> words(memory.get(), kWords);
  advise_huge_pages(std::as_writable_bytes(words));
  std::fill(words.begin(), words.end(), uint64_t{1});
  std::vector<uint64_t> sums(static_cast<size_t>(threads));
  const double seconds = best_seconds([&] {
    on_threads(threads, [&](int i) {
      const size_t part = kWords / static_cast<size_t>(threads);
      const auto own = words.subspan(part * static_cast<size_t>(i), part);
      sums[static_cast<size_t>(i)] = std::accumulate(own.begin(), own.end(), uint64_t{0});
    });
  });
  return static_cast<double>(std::accumulate(sums.begin(), sums.end(), uint64_t{0})) *
         sizeof(uint64_t) / seconds / 1e9;
}

double product_gflops(const Device& device, Precision precision) {
  constexpr int64_t kSize = 8192;
  constexpr int64_t kRows = 8192;
  WeightStore store;
  const Weight* matrix = store.root().matrix("matrix", kSize, kSize);
  store.load_random(/*seed=*/1, device, precision);
  Tensor x;
  Graph graph(device, [&](GraphBuilder& g) {
    x = g.input("x", {kRows, kSize});
    g.output("y", g.slice(g.linear(x, matrix), 0, 0, 1));
  });
  graph.set(x, std::vector<float>(static_cast<size_t>(kRows * kSize), 0.5f));
  const double flops = 2.0 * static_cast<double>(kRows) * static_cast<double>(kSize * kSize);
  return flops / best_seconds([&] { graph.run(); }) / 1e9;
}

// Bytes read and written per second by copies within the device's memory.
double copy_rate(const Device& device) {
  constexpr int64_t kElements = int64_t{1} << 27;  // 512 MiB, more than any cache
  constexpr int kCopies = 16;                      // so that starting them does not count
  Tensor x;
  Graph graph(device, [&](GraphBuilder& g) {
    x = g.input("x", {kElements / 1024, 1024});
    const Tensor y = g.input("y", {kElements / 1024, 1024});
    for (int i = 0; i < kCopies; ++i) g.effect(g.copy(i % 2 == 0 ? x : y, i % 2 == 0 ? y : x));
  });
  graph.set(x, std::vector<float>(static_cast<size_t>(kElements), 1.0f));
  const double moved = 2.0 * kCopies * static_cast<double>(kElements) * sizeof(float);
  return moved / best_seconds([&] { graph.run(); }) / 1e9;
}

}  // namespace

Ceilings measure_ceilings(const Device& device) {
  if (device.is_cpu()) {
    const PeakLoops loops = peak_loops();
    return {peak_gflops(loops.fp32, device.threads()),
            peak_gflops(loops.bf16, device.threads()),
            read_rate(device.threads())};
  }
  return {product_gflops(device, Precision::F32),
          product_gflops(device, Precision::BF16),
          copy_rate(device)};
}

}  // namespace ams
