// bench_lm_kernels [--card N] [--runs N]: the kernels of a language model's decoding step on a
// card, each for the shapes of the official sizes: time and bytes of weights or caches per second.
// Every product finds its weights in memory, not in the L2 cache: launches go round more copies
// than fit.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cuda/cuda_queue.h"
#include "cuda/lm/lm_attention.h"
#include "cuda/lm/lm_product.h"

namespace ams::cuda {
namespace {

constexpr int64_t kBeyondCaches = int64_t{512} << 20;

struct Shape {
  const char* name;
  int64_t outputs, inputs;
  bool has_norm, gates;
};

constexpr Shape kShapes[] = {
    {"1.7B q, k, v", 4096, 2048, true, false},
    {"1.7B o", 2048, 2048, false, false},
    {"1.7B gate, up", 12288, 2048, true, true},
    {"1.7B down", 2048, 6144, false, false},
    {"1.7B head of codes", 64000, 2048, true, false},
    {"7B q, k, v", 4608, 3584, true, false},
    {"7B o", 3584, 3584, false, false},
    {"7B gate, up", 37888, 3584, true, true},
    {"7B down", 3584, 18944, false, false},
    {"7B head", 152064, 3584, true, false},
};

struct Format {
  const char* name;
  WeightFormat format;
};
constexpr Format kFormats[] = {{"bf16", WeightFormat::Bf16},
                               {"q8_0", WeightFormat::Q8_0},
                               {"q4_k", WeightFormat::Q4_K},
                               {"q6_k", WeightFormat::Q6_K}};

// Seconds of one of `launches` launches that `work` hands to the queue.
double seconds_of(Queue& queue, int64_t launches, int runs, const std::function<void()>& work) {
  work();
  const std::unique_ptr<Recording> recording = queue.record(work);
  recording->run();
  queue.wait();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < runs; ++i) recording->run();
  queue.wait();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  return elapsed.count() / static_cast<double>(launches * runs);
}

void print(const std::string& what, double seconds, double bytes) {
  std::printf("%-34s %9.2f us %8.0f GB/s\n", what.c_str(), seconds * 1e6, bytes / seconds * 1e-9);
  std::fflush(stdout);
}

DeviceMemory zeros(Queue& queue, int64_t bytes) {
  const std::vector<std::byte> values(static_cast<size_t>(bytes));
  DeviceMemory memory = queue.allocate(values.size());
  queue.upload(memory.get(), values.data(), values.size());
  return memory;
}

void bench_copy(Queue& queue, int runs) {
  constexpr int64_t kBytes = int64_t{1} << 30;
  const DeviceMemory from = queue.allocate(kBytes);
  const DeviceMemory to = queue.allocate(kBytes);
  const double seconds =
      seconds_of(queue, 1, runs, [&] { queue.copy(to.get(), from.get(), kBytes); });
  print("copy (read and written)", seconds, 2.0 * static_cast<double>(kBytes));
}

void bench_product(Queue& queue, const Shape& shape, const Format& format, int rows, int runs) {
  const int64_t bytes = shape.outputs * row_bytes(format.format, shape.inputs);
  const int64_t spaced = (bytes + 255) / 256 * 256;
  const int64_t copies = (kBeyondCaches + bytes - 1) / bytes;
  const DeviceMemory weights = zeros(queue, spaced * copies);
  const auto floats = [&](int64_t count) { return zeros(queue, count * int64_t{sizeof(float)}); };
  const DeviceMemory x = floats(rows * shape.inputs);
  const DeviceMemory norm = floats(shape.inputs);
  const DeviceMemory y = floats(rows * shape.outputs);
  LmProduct work;
  work.w = {nullptr, format.format, shape.outputs, shape.inputs};
  work.x = static_cast<const float*>(x.get());
  work.y = static_cast<float*>(y.get());
  work.rows = rows;
  work.norm = shape.has_norm ? static_cast<const float*>(norm.get()) : nullptr;
  work.residual = shape.has_norm ? nullptr : work.y;
  work.gates = shape.gates;
  const double seconds = seconds_of(queue, copies, runs, [&] {
    for (int64_t i = 0; i < copies; ++i) {
      work.w.data = static_cast<const std::byte*>(weights.get()) + i * spaced;
      lm_product(queue, work);
    }
  });
  print(std::string(shape.name) + ", " + format.name + ", rows " + std::to_string(rows),
        seconds,
        static_cast<double>(bytes));
}

// A guided step of the 1.7B planner, or one stream of the 7B writer: one layer's caches.
void bench_attention(
    Queue& queue, const char* name, int heads, int kv_heads, int rows, int length, int runs) {
  constexpr int kLaunches = 28;  // one a layer
  constexpr int kHeadDim = 128;
  const int64_t capacity = 4096;
  const int64_t cache_bytes = rows * capacity * kv_heads * kHeadDim * 2;
  const DeviceMemory keys = zeros(queue, kLaunches * cache_bytes);
  const DeviceMemory values = zeros(queue, kLaunches * cache_bytes);
  const DeviceMemory q = zeros(queue, int64_t{rows} * heads * kHeadDim * 4);
  const DeviceMemory out = zeros(queue, int64_t{rows} * heads * kHeadDim * 4);
  std::vector<int32_t> where;
  for (int row = 0; row < rows; ++row) where.push_back(row);
  for (int row = 0; row < rows; ++row) where.push_back(length - 1);
  const DeviceMemory on_where = queue.allocate(where.size() * sizeof(int32_t));
  queue.upload(on_where.get(), where.data(), where.size() * sizeof(int32_t));
  LmAttention work;
  work.q = static_cast<const float*>(q.get());
  work.q_stride = heads * kHeadDim;
  work.where.sequences = static_cast<const int32_t*>(on_where.get());
  work.where.positions = work.where.sequences + rows;
  work.rows = rows;
  work.heads = heads;
  work.kv_heads = kv_heads;
  work.head_dim = kHeadDim;
  work.most_positions = (length + 1023) / 1024 * 1024;
  work.out = out.get();
  const DeviceMemory partial = zeros(queue, attention_partials(work) * 4);
  work.partial = static_cast<float*>(partial.get());
  const double seconds = seconds_of(queue, kLaunches, runs, [&] {
    for (int64_t i = 0; i < kLaunches; ++i) {
      work.cache = {static_cast<std::byte*>(keys.get()) + i * cache_bytes,
                    static_cast<std::byte*>(values.get()) + i * cache_bytes,
                    /*is_exact=*/false,
                    capacity};
      lm_attention(queue, work);
    }
  });
  print(std::string(name) + " attention of " + std::to_string(length),
        seconds,
        2.0 * rows * length * kv_heads * kHeadDim * 2);
}

void run(int card, int runs) {
  const std::unique_ptr<Queue> queue = make_cuda_queue(card);
  bench_copy(*queue, runs);
  for (const Format& format : kFormats) {
    for (const Shape& shape : kShapes) {
      for (const int rows : {1, 2, 8}) bench_product(*queue, shape, format, rows, runs);
    }
  }
  for (const int length : {300, 1000, 3500}) {
    bench_attention(*queue, "1.7B guided", 16, 8, 2, length, runs);
    bench_attention(*queue, "7B", 28, 4, 1, length, runs);
  }
}

}  // namespace
}  // namespace ams::cuda

int main(int argc, char** argv) {
  CLI::App app("Measures the kernels of a language model's decoding step on a card.");
  int card = 0;
  int runs = 20;
  app.add_option("--card", card, "which card");
  app.add_option("--runs", runs, "runs of each recorded row of launches");
  CLI11_PARSE(app, argc, argv);
  try {
    ams::cuda::run(card, runs);
  } catch (const ams::Error& error) {
    std::cerr << "bench_lm_kernels: " << error.what() << "\n";
    return ams::error_code_info(error.code()).exit_code;
  }
}
