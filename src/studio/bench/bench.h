// Measures the stages of a song on this machine, with a checkpoint or with random weights of the
// official sizes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "studio/engine.h"

namespace ams {

struct BenchOptions {
  std::string config = "sft";  // sizes of the random weights: xl-sft, sft, turbo, demo, tiny
  std::string model;           // a checkpoint instead of random weights; empty: none
  // all, text, planner, dit, decode, encode; and, not in "all": lyrics, or what happens to finished
  // files: stems, loudness, mp3, decode-audio
  std::string stage = "all";
  std::string lyrics_config = "1.5b";  // Qwen2.5 size of the lyrics stage: 0.5b, 1.5b, 3b, 7b, tiny
  double duration_seconds = 10;        // 5-600
  double guidance_scale = 7;           // 1-15, 1 = off
  int64_t steps = 4;                   // diffusion steps that are timed, 1-80
  int64_t runs = 3;                    // of every stage after the warm-up, 1-100
  std::string impl = "auto";           // of the networks: auto, ggml, native
  EngineOptions engine;                // device, quant, threads
};

// The rows of the whole struct. They point into the argument.
Fields fields(BenchOptions& options);

// Throws InvalidRequest that names field, value and range.
void validate(BenchOptions& options);

struct BenchStage {
  std::string name = {};  // "dit_step"
  std::string unit = {};  // "ms", "tokens/s"
  double median = 0;
  double spread = 0;                            // largest minus smallest run
  std::optional<double> share_of_ceiling = {};  // of the measured product or read rate, 0 to 1
  // Processor time of all threads in one run or token, ms: on a busy machine this tells what a
  // quiet one would need. CPU only.
  std::optional<double> processor_ms = {};
};

struct BenchReport {
  std::string device = {};  // "cuda"
  std::string device_name = {};
  int64_t threads = 0;
  std::string implementation = {};  // "native" if our kernels ran, else "ggml"
  std::string config = {};          // or the model's name
  std::string precision = {};
  int64_t peak_memory_bytes = 0;
  double fp32_gflops = 0;  // ceilings measured in the same run
  double bf16_gflops = 0;
  double read_gb_per_second = 0;
  std::vector<BenchStage> stages = {};
};

// Confined to the worker thread. Throws as Engine::open() and Engine::generate().
BenchReport run_bench(const BenchOptions& options, const JobContext& job);

}  // namespace ams
