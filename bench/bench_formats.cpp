// bench_formats FOLDER [--make CONFIG] [--frames N] [--steps N] [--guidance-scale G] [--threads N]
// [--device D]: size, speed and cosine of every quantised format against bf16, as the rows of a
// Markdown table. With --make, FOLDER gets a random checkpoint of that size if it has none, and the
// song model in it is measured.
#include <iomanip>
#include <iostream>

#include <CLI/CLI.hpp>

#include "studio/bench/format_comparison.h"
#include "studio/weights/make_checkpoint.h"

int main(int argc, char** argv) {
  ams::FormatComparisonOptions options;
  ams::DeviceOptions device;
  CLI::App app("Quantised formats against bf16");
  app.add_option("folder", options.dit)->required();
  std::string config;
  app.add_option("--make", config, "xl-sft, sft, … (ams make-checkpoint)");
  app.add_option("--frames", options.frames);
  app.add_option("--steps", options.steps);
  app.add_option("--guidance-scale", options.guidance_scale);
  app.add_option("--threads", device.threads);
  app.add_option("--device", device.name);
  CLI11_PARSE(app, argc, argv);
  try {
    if (!config.empty()) {
      const std::filesystem::path song = options.dit / ("acestep-v15-" + config);
      if (!std::filesystem::exists(song)) ams::make_checkpoint({config, options.dit}, {});
      options.dit = song;
    }
    std::cout << "| format | weights | guided step | processor time | cosine | relative error |\n"
                 "| --- | --- | --- | --- | --- | --- |\n";
    ams::compare_formats(options, *ams::Device::open(device), [](const ams::FormatResult& result) {
      std::cout << "| " << ams::precision_info(result.precision).name << " | " << std::fixed
                << std::setprecision(1) << static_cast<double>(result.weight_bytes) / 1e6
                << " MB | " << result.step_seconds * 1e3 << " ms | "
                << result.processor_seconds * 1e3 << " ms | " << std::setprecision(6)
                << result.cosine << " | " << result.relative_l2 << " |" << std::endl;
    });
  } catch (const std::exception& error) {
    std::cerr << "bench_formats: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
