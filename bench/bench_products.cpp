// Speed of matrix products and attention on one thread, our kernels beside ggml's, at the shapes of
// the 2B diffusion transformer (10 s of audio, guided) and the 0.6B planner. Prints one JSON object
// a line, with rates in processor time, so that other programs on the machine count little.
//
//   bench_products
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <vector>

#include "tensor/graph.h"
#include "tensor/kernels/peak.h"
#include "tensor/weight_store.h"

namespace ams {
namespace {

constexpr int kRuns = 7;

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double best_seconds(Graph& graph) {
  double best = 1e30;
  for (int run = 0; run < kRuns; ++run) {
    const double start = processor_seconds();
    graph.run();
    best = std::min(best, processor_seconds() - start);
  }
  return best;
}

std::unique_ptr<Device> open_device(bool own_kernels) {
  return Device::open({.name = "cpu", .threads = 1, .own_kernels = own_kernels});
}

void bench_product(int64_t rows, int64_t in, int64_t out, Precision precision, bool own_kernels) {
  const auto device = open_device(own_kernels);
  WeightStore store;
  const Weight* matrix = store.root().matrix("matrix", out, in);
  store.load_random(/*seed=*/1, *device, precision);
  Tensor x;
  Graph graph(*device, [&](GraphBuilder& g) {
    x = g.input("x", {rows, in});
    g.output("y", g.linear(x, matrix));
  });
  graph.set(x, std::vector<float>(static_cast<size_t>(rows * in), 0.5f));
  const double seconds = best_seconds(graph);
  const auto products = static_cast<double>(rows * in * out);
  std::printf("{\"bench\": \"product\", \"kernels\": \"%s\", \"weights\": \"%s\", ",
              own_kernels ? "native" : "ggml",
              precision == Precision::BF16 ? "bf16" : "q8_0");
  std::printf("\"rows\": %ld, \"in\": %ld, \"out\": %ld, ", rows, in, out);
  std::printf("\"gflops\": %.1f, \"gb_per_second\": %.1f}\n",
              2.0 * products / seconds / 1e9,
              static_cast<double>(store.bytes()) / seconds / 1e9);
}

void bench_attention(const char* name, int64_t queries, int64_t keys, int64_t window, bool own) {
  constexpr int64_t kBatch = 2, kHeads = 16, kKvHeads = 8, kHeadDim = 128;
  const auto device = open_device(own);
  Tensor q, k, v;
  Graph graph(*device, [&](GraphBuilder& g) {
    q = g.input("q", {kBatch, queries, kHeads, kHeadDim});
    k = g.input("k", {kBatch, keys, kKvHeads, kHeadDim});
    v = g.input("v", {kBatch, keys, kKvHeads, kHeadDim});
    AttentionOptions options;
    options.window = window;
    g.output("out", g.attention(q, k, v, options));
  });
  for (const Tensor& input : {q, k, v}) {
    graph.set(input, std::vector<float>(static_cast<size_t>(input.size()), 0.5f));
  }
  std::printf("{\"bench\": \"attention\", \"kernels\": \"%s\", \"shape\": \"%s\", \"ms\": %.2f}\n",
              own ? "native" : "ggml",
              name,
              best_seconds(graph) * 1e3);
}

void bench_peaks() {
  for (const auto& [name, loop] :
       {std::pair("fp32", peak_loops().fp32), {"bf16", peak_loops().bf16}}) {
    double best = 0.0;
    for (int run = 0; run < kRuns; ++run) {
      const double start = processor_seconds();
      const int64_t operations = loop(1'000'000);
      best = std::max(best, static_cast<double>(operations) / (processor_seconds() - start));
    }
    std::printf("{\"bench\": \"peak\", \"type\": \"%s\", \"gflops\": %.1f}\n", name, best / 1e9);
  }
}

void bench_all() {
  bench_peaks();
  struct Shape {
    int64_t rows, in, out;
  };
  constexpr Shape kShapes[] = {{250, 2048, 4096},
                               {250, 2048, 12288},
                               {250, 6144, 2048},
                               {125, 2048, 2048},
                               {300, 1024, 4096},
                               {70, 1024, 4096},
                               {48, 1024, 4096},
                               {32, 1024, 4096},
                               {20, 1024, 4096},
                               {2, 1024, 6144},
                               {2, 1024, 64000}};
  for (const Precision precision : {Precision::BF16, Precision::Q8_0}) {
    for (const Shape& s : kShapes) {
      bench_product(s.rows, s.in, s.out, precision, /*own_kernels=*/false);
      bench_product(s.rows, s.in, s.out, precision, /*own_kernels=*/true);
    }
  }
  for (const bool own : {false, true}) {
    bench_attention("full, 10 s", 125, 125, 0, own);
    bench_attention("cross, 10 s", 125, 271, 0, own);
    bench_attention("window, 60 s", 750, 750, 128, own);
  }
}

}  // namespace
}  // namespace ams

int main() { ams::bench_all(); }
