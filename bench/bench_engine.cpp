// `ams bench` without the rest of the program: prints the numbers as JSON.
#include <iostream>
#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "api/bench_json.h"
#include "base/error.h"
#include "studio/bench/bench.h"

int main(int argc, char** argv) {
  CLI::App app("Measures the stages of a song with random weights or a checkpoint.");
  ams::BenchOptions options;
  app.add_option("--config", options.config, "xl-sft, sft, turbo, demo or tiny");
  app.add_option("--stage", options.stage, "all, text, planner, dit, decode, encode or lyrics");
  app.add_option("--lyrics-config", options.lyrics_config, "0.5b, 1.5b, 3b, 7b or tiny");
  app.add_option("--model", options.model, "folder of a checkpoint instead of random weights");
  app.add_option("--duration", options.duration_seconds, "seconds of audio");
  app.add_option("--guidance-scale", options.guidance_scale, "1 turns guidance off");
  app.add_option("--steps", options.steps, "diffusion steps a run");
  app.add_option("--runs", options.runs, "timed runs of every stage");
  app.add_option("--device", options.engine.device, "auto, cpu, cuda, metal or vulkan");
  using ams::Quantisation;
  const std::map<std::string, Quantisation> formats = {{"none", Quantisation::None},
                                                       {"q8_0", Quantisation::Q8_0},
                                                       {"q6_k", Quantisation::Q6K},
                                                       {"q5_k", Quantisation::Q5K},
                                                       {"q4_k", Quantisation::Q4K}};
  app.add_option("--quant", options.engine.quant, "format that weights are quantised to")
      ->transform(CLI::CheckedTransformer(formats));
  app.add_option("--impl", options.impl, "auto, ggml or native");
  CLI11_PARSE(app, argc, argv);
  try {
    ams::validate(options);
    std::cout << ams::bench_json(ams::run_bench(options, {})).dump(1) << std::endl;
    return 0;
  } catch (const ams::Error& error) {
    std::cerr << "bench: " << error.what() << "\n";
    return ams::error_code_info(error.code()).exit_code;
  }
}
