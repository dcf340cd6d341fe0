#include "studio/bench/bench_ceilings.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "tensor/graph.h"
#include "tensor/weight_store.h"

namespace ams {
namespace {

constexpr int kRuns = 5;

// The fastest of a few runs, in seconds.
double best_seconds(Graph& graph) {
  graph.run();
  double best = 1e30;
  for (int i = 0; i < kRuns; ++i) {
    const auto start = std::chrono::steady_clock::now();
    graph.run();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best = std::min(best, elapsed.count());
  }
  return best;
}

double product_gflops(const Device& device, Precision precision) {
  const int64_t size = device.is_cpu() ? 2048 : 8192;
  const int64_t rows = device.is_cpu() ? 512 : 8192;
  WeightStore store;
  const Weight* matrix = store.root().matrix("matrix", size, size);
  store.load_random(/*seed=*/1, device, precision);
  Tensor x;
  Graph graph(device, [&](GraphBuilder& g) {
    x = g.input("x", {rows, size});
    g.output("y", g.slice(g.linear(x, matrix), 0, 0, 1));
  });
  graph.set(x, std::vector<float>(static_cast<size_t>(rows * size), 0.5f));
  const double flops = 2.0 * static_cast<double>(rows) * static_cast<double>(size * size);
  return flops / best_seconds(graph) / 1e9;
}

double copy_rate(const Device& device) {
  const int64_t elements = int64_t{1} << 26;  // 256 MiB, more than any cache
  Tensor x;
  Graph graph(device, [&](GraphBuilder& g) {
    x = g.input("x", {elements / 1024, 1024});
    g.effect(g.scale(x, 2.0f));
  });
  graph.set(x, std::vector<float>(static_cast<size_t>(elements), 1.0f));
  return static_cast<double>(elements) * sizeof(float) / best_seconds(graph) / 1e9;
}

}  // namespace

Ceilings measure_ceilings(const Device& device) {
  return {product_gflops(device, Precision::F32),
          product_gflops(device, Precision::BF16),
          copy_rate(device)};
}

}  // namespace ams
