// Speed of the convolution kernels at the shapes of the published autoencoder, one thread, and of
// decoding with random weights of its sizes. Prints one JSON object per line.
//
//   bench_oobleck kernels
//   bench_oobleck decode|encode [frames = 250] [threads = 0: physical cores]
//
// Besides the wall clock the processor time is shown: on a machine that others use, only it tells
// what an idle one would need.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "nets/oobleck.h"
#include "tensor/kernels/conv1d.h"

namespace {

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double process_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime);
}

struct KernelShape {
  const char* name;
  int64_t rows, in, out, taps, stride, dilation;
  bool snake;
};

constexpr KernelShape kShapes[] = {
    {"conv1", 250, 64, 2048, 7, 1, 1, false},
    {"conv_t1 2048 -> 10 x 1024", 250, 2048, 10240, 2, 1, 1, true},
    {"conv_t1 512 -> 4 x 256", 1500, 512, 1024, 2, 1, 1, true},
    {"res k7 1024", 1250, 1024, 1024, 7, 1, 3, true},
    {"res k7 512", 2500, 512, 512, 7, 1, 9, true},
    {"res k7 256", 5000, 256, 256, 7, 1, 9, true},
    {"res k7 128", 10000, 128, 128, 7, 1, 9, true},
    {"res k1 1024", 1250, 1024, 1024, 1, 1, 1, true},
    {"res k1 128", 30000, 128, 128, 1, 1, 1, true},
    {"conv2 128 -> 2", 30000, 128, 2, 7, 1, 1, true},
    {"encoder k20 s10 1024 -> 2048", 250, 1024, 2048, 20, 10, 1, true},
};

struct AlignedFree {
  void operator()(float* p) const { std::free(p); }
};
using AlignedFloats = std::unique_ptr<float, AlignedFree>;

AlignedFloats floats(int64_t count, float value) {
  const auto bytes = static_cast<size_t>((count + 15) / 16 * 16) * sizeof(float);
  AlignedFloats memory(static_cast<float*>(std::aligned_alloc(64, bytes)));
  for (int64_t i = 0; i < count; ++i) {
    memory.get()[i] = value * static_cast<float>(i % 17 - 8);
  }
  return memory;
}

double gigaflops(const ams::Conv1dKernel& kernel, const KernelShape& shape, int64_t tile_rows) {
  const int64_t blocks = (shape.out + ams::kConvBlock - 1) / ams::kConvBlock;
  ams::Conv1dArgs args;
  args.in_rows = shape.rows * shape.stride;
  args.in_channels = shape.in;
  args.out_rows = shape.rows;
  args.out_channels = shape.out;
  args.taps = shape.taps;
  args.stride = shape.stride;
  args.dilation = shape.dilation;
  args.padding = (shape.taps - 1) * shape.dilation / 2;
  args.out_size = shape.rows * shape.out;
  const AlignedFloats in = floats(args.in_rows * shape.in, 0.1f);
  const AlignedFloats weights = floats(blocks * ams::kConvBlock * shape.in * shape.taps, 0.01f);
  const AlignedFloats frequency = floats(shape.in, 0.2f), gain = floats(shape.in, 0.3f);
  const AlignedFloats out = floats(args.out_size, 0.0f);
  args.in = in.get();
  args.weights = weights.get();
  args.out = out.get();
  if (shape.snake) {
    args.frequency = frequency.get();
    args.gain = gain.get();
  }
  const AlignedFloats scratch = floats(kernel.scratch_size(args, tile_rows), 0.0f);
  double best = 1e30;
  for (int run = 0; run < 4; ++run) {
    const double start = thread_seconds();
    for (int64_t row = 0; row < shape.rows; row += tile_rows) {
      kernel.run(args, {row, std::min(tile_rows, shape.rows - row), 0, blocks}, scratch.get());
    }
    best = std::min(best, thread_seconds() - start);
  }
  const auto work = static_cast<double>(2 * shape.rows * shape.in * shape.out * shape.taps);
  return work / best * 1e-9;
}

void bench_kernels() {
  const ams::Conv1dKernel* kernels[4];
  const int count = ams::conv1d_kernels(kernels);
  for (int k = 0; k < count; ++k) {
    for (const KernelShape& shape : kShapes) {
      const int64_t fitting =
          std::clamp<int64_t>((2 << 20) / (shape.in * shape.stride * 4), 56, 448);
      const int64_t rows = fitting / kernels[k]->row_step * kernels[k]->row_step;
      std::printf("{\"kernel\": \"%s\", \"shape\": \"%s\", \"gflops_one_thread\": %.1f}\n",
                  kernels[k]->name,
                  shape.name,
                  gigaflops(*kernels[k], shape, rows));
      std::fflush(stdout);
    }
  }
}

void bench_codec(bool encode, int64_t frames, int threads) {
  ams::DeviceOptions options;
  options.name = "cpu";
  options.threads = threads;
  const std::unique_ptr<ams::Device> device = ams::Device::open(options);
  ams::WeightStore store;
  ams::Oobleck net(store.root(), ams::OobleckConfig{}, *device, ams::Precision::F32);
  store.load_random(1, *device, ams::Precision::F32);
  const int64_t channels = encode ? net.audio_channels() : net.latent_channels();
  ams::FloatArray in({1, channels, encode ? frames * net.hop_samples() : frames});
  for (size_t i = 0; i < in.data.size(); ++i) {
    in.data[i] = static_cast<float>(static_cast<int64_t>(i * 7919 % 2001) - 1000) * 1e-3f;
  }
  for (int run = 0; run < 2; ++run) {
    const double wall = wall_seconds(), cpu = process_seconds();
    if (encode) {
      net.encode(in, {});
    } else {
      net.decode(in, {});
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf(
        "{\"%s_frames\": %lld, \"threads\": %d, \"wall_s\": %.2f, \"cpu_s\": %.2f, "
        "\"weights_mib\": %.0f, \"peak_mib\": %.0f}\n",
        encode ? "encode" : "decode",
        static_cast<long long>(frames),
        device->threads(),
        wall_seconds() - wall,
        process_seconds() - cpu,
        static_cast<double>(store.bytes()) / (1 << 20),
        static_cast<double>(usage.ru_maxrss) / 1024.0);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "kernels";
  if (what == "kernels") {
    bench_kernels();
  } else if (what == "decode" || what == "encode") {
    const int64_t frames = argc > 2 ? std::stoll(argv[2]) : 250;
    bench_codec(what == "encode", frames, argc > 3 ? std::stoi(argv[3]) : 0);
  } else {
    std::fprintf(stderr, "usage: bench_oobleck kernels | decode|encode [frames] [threads]\n");
    return 2;
  }
  return 0;
}
