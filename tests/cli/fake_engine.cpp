// An engine for tests of the command line: a sine instead of a song. The prompt selects what
// happens: "slow" takes until it is cancelled, "broken" ends in an error, "nan" gives bad samples.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <thread>
#include <utility>

#include "base/error.h"
#include "studio/bench/bench.h"
#include "studio/engine.h"

namespace ams {
namespace {

constexpr int64_t kSampleRate = 48000;
constexpr int64_t kSteps = 8;

AudioBuffer sine(double seconds) {
  const auto length = static_cast<int64_t>(seconds * kSampleRate);
  AudioBuffer audio{kSampleRate, FloatArray({2, length})};
  for (int64_t channel = 0; channel < 2; ++channel) {
    for (int64_t i = 0; i < length; ++i) {
      audio.channel(channel)[static_cast<size_t>(i)] =
          0.5f * std::sin(0.05f * static_cast<float>(i % kSampleRate));
    }
  }
  return audio;
}

double seconds_of(const SongRequest& request) {
  const auto* generate = std::get_if<GenerateRequest>(&request);
  return generate != nullptr ? generate->duration_seconds : 5.0;
}

class FakeEngine : public Engine {
 public:
  explicit FakeEngine(EngineOptions options) : options_(std::move(options)) {}

  SongResult generate(const SongRequest& asked, const JobContext& job) override {
    const SongControls& request = controls_of(asked);
    const std::string prompt(prompt_of(asked));
    const bool is_slow = prompt == "slow";
    for (int64_t step = 0; step <= kSteps || is_slow; ++step) {
      if (job.stop.stop_requested()) throw Error(ErrorCode::Cancelled, "engine: cancelled");
      const int64_t shown = std::min(step, kSteps);
      job.progress({.stage = "diffusion",
                    .fraction = static_cast<double>(shown) / kSteps,
                    .step = shown,
                    .total = kSteps});
      if (is_slow) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    if (prompt == "broken") throw Error(ErrorCode::CorruptFile, "weights: cut off");
    SongResult result{sine(seconds_of(asked)), {}};
    if (prompt == "nan") {
      result.audio.samples.data[7] = std::numeric_limits<float>::quiet_NaN();
    }
    result.report.device = options_.device == "auto" ? "cpu" : options_.device;
    result.report.device_name = "fake";
    result.report.precision = "f32";
    result.report.seed = request.seed.value_or(7);
    result.report.advanced = request.advanced;
    result.report.advanced.inference_steps = kSteps;
    return result;
  }

  void preload(const JobContext&) override {}

  EngineFacts facts() const override {
    return {.device = "cpu", .device_name = "fake", .precision = "f32", .model = "fake"};
  }

 private:
  EngineOptions options_;
};

}  // namespace

std::unique_ptr<Engine> Engine::open(const EngineOptions& options) {
  if (options.model == "missing") throw Error(ErrorCode::NotFound, "models: 'missing' is not here");
  return std::make_unique<FakeEngine>(options);
}

BenchReport run_bench(const BenchOptions& options, const JobContext&) {
  return {.device = "cpu",
          .device_name = "fake",
          .config = options.config,
          .stages = {{.name = "dit_step", .unit = "ms", .median = 1.5}}};
}

}  // namespace ams
