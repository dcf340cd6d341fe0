#include <iomanip>
#include <iostream>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "api/bench_json.h"
#include "base/json.h"
#include "base/text_file.h"
#include "cli/commands.h"
#include "cli/field_flags.h"
#include "cli/interrupt.h"
#include "studio/bench/bench.h"

namespace ams {
namespace {

constexpr double kMegabyte = 1e6;

struct BenchArguments {
  BenchOptions options;
  std::string json_file;  // empty: none
};

void print(const BenchReport& report) {
  std::cout << std::fixed << std::setprecision(1);
  std::cout << report.config << " (" << report.precision << ") on " << report.device_name << ", "
            << report.threads << " threads, " << report.implementation << " kernels, peak memory "
            << static_cast<double>(report.peak_memory_bytes) / kMegabyte << " MB\n";
  if (report.fp32_gflops > 0) {
    std::cout << "ceilings: " << report.fp32_gflops << " GFLOP/s fp32, " << report.bf16_gflops
              << " GFLOP/s bf16, " << report.read_gb_per_second << " GB/s read\n";
  }
  for (const BenchStage& stage : report.stages) {
    std::cout << std::left << std::setw(24) << stage.name << std::right << std::setw(12)
              << stage.median << ' ' << std::left << std::setw(9) << stage.unit << " +- "
              << stage.spread / 2;
    if (stage.share_of_ceiling) {
      std::cout << "  " << *stage.share_of_ceiling * 100 << " % of the ceiling";
    }
    if (stage.processor_ms) std::cout << "  " << *stage.processor_ms << " ms processor time";
    std::cout << '\n';
  }
}

void run(BenchArguments& arguments) {
  validate(arguments.options);
  if (!arguments.json_file.empty()) require_writable(arguments.json_file);
  const std::stop_source stop;
  const InterruptGuard guard(stop);
  const BenchReport report = run_bench(arguments.options, {.stop = stop.get_token()});
  print(report);
  if (!arguments.json_file.empty()) {
    write_text_file(arguments.json_file, bench_json(report).dump(2) + "\n");
  }
}

}  // namespace

void add_bench_command(CLI::App& program, const Environment& environment, Action& action) {
  CLI::App* command = program.add_subcommand("bench", "Measure the speed of every stage");
  const auto arguments = std::make_shared<BenchArguments>();
  arguments->options.engine.model_folders = environment.model_folders;
  if (!environment.device.empty()) arguments->options.engine.device = environment.device;
  add_flags(*command, fields(arguments->options));
  command->add_option("--json", arguments->json_file, "Also write the numbers to this file")
      ->type_name("FILE");
  command->callback([arguments, &action] { action = [arguments] { run(*arguments); }; });
}

}  // namespace ams
