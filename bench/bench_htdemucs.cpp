// bench_htdemucs [--seconds S] [--device D] [--threads N] [--portable]: separates noise with a
// network of the published size and random weights, and prints what it took as one line of JSON.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <random>
#include <vector>

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include "base/error.h"
#include "base/json.h"
#include "nets/htdemucs_separator.h"

namespace ams {
namespace {

struct BenchOptions {
  double seconds = 60.0;  // of the mix
  std::string device = "cpu";
  int threads = 0;  // 0: one per physical core
  bool portable = false;
};

HtdemucsConfig published_config() {
  HtdemucsConfig config;
  config.sources = {"drums", "bass", "other", "vocals"};
  config.segment_samples = 39 * config.samplerate / 5;
  return config;
}

double user_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec);
}

int64_t peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

Json run(const BenchOptions& options) {
  const auto device = Device::open({options.device, options.threads, !options.portable});
  std::vector<HtdemucsSeparator::Member> members(1);
  members[0].network = std::make_unique<Htdemucs>(published_config(), *device);
  members[0].shares.assign(4, 1.0f);
  members[0].network->store().load_random(/*seed=*/1, *device, Precision::F32);
  HtdemucsSeparator separator(std::move(members));
  const auto samples =
      static_cast<int64_t>(options.seconds * static_cast<double>(separator.sample_rate()));
  FloatArray mix({2, samples});
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0f, 0.2f);
  for (float& value : mix.data) value = normal(random);

  using Clock = std::chrono::steady_clock;
  std::vector<double> segments;
  Clock::time_point last = Clock::now();
  const Clock::time_point start = last;
  const double user_start = user_seconds();
  SeparateOptions separate;
  size_t graph_bytes = 0;
  separate.progress = [&](int64_t, int64_t) {
    graph_bytes = separator.network(0).graph_bytes();
    const Clock::time_point now = Clock::now();
    segments.push_back(std::chrono::duration<double>(now - last).count());
    last = now;
  };
  const FloatArray stems = separator.separate(mix, separate);
  const double total = std::chrono::duration<double>(Clock::now() - start).count();
  std::sort(segments.begin(), segments.end());
  Json json = Json::object();
  json.set("bench", "htdemucs");
  json.set("device", device->info().name);
  json.set("threads", device->threads());
  json.set("audio_seconds", options.seconds);
  json.set("seconds", total);
  json.set("user_seconds", user_seconds() - user_start);
  json.set("segment_seconds_median", segments[segments.size() / 2]);
  json.set("segment_seconds_fastest", segments.front());
  json.set("graph_megabytes", static_cast<int64_t>(graph_bytes >> 20));
  json.set("peak_megabytes", peak_megabytes());
  return json;
}

}  // namespace
}  // namespace ams

int main(int argc, char** argv) {
  CLI::App app("Measures HTDemucs of the published size with random weights.");
  ams::BenchOptions options;
  app.add_option("--seconds", options.seconds, "length of the mix")->check(CLI::Range(0.1, 3600.0));
  app.add_option("--device", options.device, "auto, cpu, cuda, metal or vulkan");
  app.add_option("--threads", options.threads, "CPU threads; 0 = physical cores");
  app.add_flag("--portable", options.portable, "ggml's own operations on the CPU, too");
  CLI11_PARSE(app, argc, argv);
  try {
    std::cout << ams::run(options).dump() << std::endl;
  } catch (const ams::Error& error) {
    std::cerr << "bench_htdemucs: " << error.what() << "\n";
    return ams::error_code_info(error.code()).exit_code;
  }
}
