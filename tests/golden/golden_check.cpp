// golden_check DIR [--json] [--filter PATTERN] [--device D] [--impl I]
// [--precision P]: runs every golden case of a
// folder.
#include <cstdlib>
#include <iomanip>
#include <iostream>

#include <CLI/CLI.hpp>
#include <fnmatch.h>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "golden/runner.h"

namespace ams::golden {
namespace {

enum class Outcome { Passed, Failed, Skipped };

struct CaseReport {
  std::string name;
  Outcome outcome = Outcome::Passed;
  bool tight = true;
  std::string problem;  // empty if passed
  std::vector<TensorResult> results;
};

bool is_good(const TensorResult& result, double tolerance) {
  return result.is_float ? result.relative <= tolerance : result.equal;
}

// The first bad tensor in the order of the network: taps come before outputs.
const TensorResult* first_bad(const std::vector<TensorResult>& results, double tolerance) {
  for (const TensorResult& result : results) {
    if (!is_good(result, tolerance)) return &result;
  }
  return nullptr;
}

void judge(CaseReport& report, const Comparison& comparison, double tolerance) {
  report.results = comparison.results();
  const std::vector<std::string> missing = comparison.missing();
  if (!missing.empty()) report.problem = "not computed: " + missing.front();
  for (const TensorResult& result : report.results) {
    if (!result.name.starts_with("out.")) continue;
    if (!is_good(result, tolerance) && report.problem.empty()) {
      report.problem = "first bad tap: " + first_bad(report.results, tolerance)->name;
    }
    report.tight = report.tight && (result.is_float ? result.max_abs <= result.atol : result.equal);
  }
  if (!report.problem.empty()) {
    report.outcome = Outcome::Failed;
    report.tight = false;
  }
}

CaseReport run_case(const RunContext& context, const Json& entry) {
  CaseReport report;
  report.name = entry.at("name").as_string();
  const Runner* runner = find_runner(report.name);
  if (!runner) {
    report.outcome = Outcome::Skipped;
    report.problem = "unknown case";
    report.tight = false;
    return report;
  }
  try {
    const GoldenCase golden(context.folder, entry);
    Comparison comparison(golden);
    runner->run(context, golden, comparison);
    const bool is_bf16 = context.device->has_native_networks() && report.name.starts_with("dit/");
    judge(report, comparison, is_bf16 ? kBf16Pass : runner->tolerance);
  } catch (const Error& error) {
    report.outcome = Outcome::Failed;
    report.tight = false;
    report.problem = error.what();
  }
  return report;
}

std::string outcome_name(Outcome outcome) {
  return outcome == Outcome::Passed ? "ok" : outcome == Outcome::Failed ? "FAILED" : "SKIPPED";
}

void print_text(const CaseReport& report) {
  std::cout << std::left << std::setw(8) << outcome_name(report.outcome) << report.name;
  if (!report.problem.empty()) std::cout << "  " << report.problem;
  std::cout << "\n";
  for (const TensorResult& result : report.results) {
    if (!result.name.starts_with("out.") && report.outcome == Outcome::Passed) continue;
    std::cout << "          " << std::setw(34) << result.name;
    if (result.is_float) {
      std::cout << std::scientific << std::setprecision(2) << " rel " << result.relative << "  max "
                << result.max_abs << " (atol " << result.atol << ")  cos " << std::fixed
                << std::setprecision(9) << result.cosine << "\n";
    } else {
      std::cout << (result.equal ? " equal" : " DIFFERENT") << "\n";
    }
  }
}

Json to_json(const CaseReport& report) {
  Json tensors = Json::array();
  for (const TensorResult& result : report.results) {
    Json row = Json::object();
    row.set("name", result.name);
    if (result.is_float) {
      row.set("relative_l2", result.relative);
      row.set("cosine", result.cosine);
      row.set("max_abs", result.max_abs);
      row.set("atol", result.atol);
    } else {
      row.set("equal", result.equal);
    }
    tensors.push_back(row);
  }
  Json json = Json::object();
  json.set("case", report.name);
  json.set("outcome", outcome_name(report.outcome));
  json.set("tight", report.tight);
  json.set("problem", report.problem);
  json.set("tensors", tensors);
  return json;
}

struct CheckOptions {
  std::string folder;
  std::string filter = "*";
  std::string device = "cpu";
  std::string impl = "auto";
  std::string precision = "f32";
  bool json = false;
};

int check_folder(const CheckOptions& options) {
  const std::unique_ptr<Device> device =
      open_with_implementation({.name = options.device}, options.impl);
  RunContext context;
  context.device = device.get();
  context.folder = options.folder;
  context.precision = parse_precision(options.precision);
  const Json manifest = Json::parse_file(context.folder / "manifest.json");
  const Json cases = manifest.at("cases");
  int passed = 0;
  int failed = 0;
  int skipped = 0;
  int tight = 0;
  Json reports = Json::array();
  for (int64_t i = 0; i < cases.size(); ++i) {
    const std::string name = cases.at(i).at("name").as_string();
    const bool chosen = fnmatch(options.filter.c_str(), name.c_str(), 0) == 0 ||
                        name.find(options.filter) != std::string::npos;
    if (!chosen) continue;
    const CaseReport report = run_case(context, cases.at(i));
    passed += report.outcome == Outcome::Passed;
    failed += report.outcome == Outcome::Failed;
    skipped += report.outcome == Outcome::Skipped;
    tight += report.tight;
    if (options.json) {
      reports.push_back(to_json(report));
    } else {
      print_text(report);
    }
  }
  if (options.json) std::cout << reports.dump(1) << "\n";
  std::cout << passed + failed + skipped << " cases: " << passed << " passed, " << failed
            << " failed, " << skipped << " skipped; tight " << tight << std::endl;
  return failed == 0 && skipped == 0 && passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace ams::golden

int main(int argc, char** argv) {
  // Tensor cores round fp32 products to TF32 unless told otherwise; these cases are exact.
  setenv("NVIDIA_TF32_OVERRIDE", "0", /*overwrite=*/1);
  CLI::App app("Runs the golden cases of a folder and compares them with the reference.");
  ams::golden::CheckOptions options;
  app.add_option("folder", options.folder, "folder with manifest.json")->required();
  app.add_flag("--json", options.json, "print all figures as JSON before the closing line");
  app.add_option(
      "--filter", options.filter, "only cases whose name matches this glob or contains it");
  app.add_option("--device", options.device, "auto, cpu, cuda, metal or vulkan");
  app.add_option("--impl", options.impl, "auto, ggml or native: whose kernels compute");
  app.add_option("--precision",
                 options.precision,
                 "f32, or bf16, q8_0 … to see how far those are from it; tolerances stay");
  CLI11_PARSE(app, argc, argv);
  try {
    return ams::golden::check_folder(options);
  } catch (const ams::Error& error) {
    std::cerr << "golden_check: " << error.what() << "\n";
    return ams::error_code_info(error.code()).exit_code;
  }
}
