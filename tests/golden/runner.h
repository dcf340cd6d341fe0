// Which code computes which golden cases.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "golden/golden_case.h"
#include "nets/condition_encoder.h"
#include "tensor/device.h"
#include "tensor/weight_store.h"

namespace ams::golden {

// What a runner may use: the device and the folder of checkpoints.
struct RunContext {
  const Device* device = nullptr;
  std::filesystem::path folder;  // of the manifest
  Precision precision = Precision::F32;

  // Our CUDA kernels compute with bf16 weights; "dit/" cases have tolerance kBf16Pass then.
  Precision dit_precision() const {
    return device->has_native_networks() ? Precision::BF16 : precision;
  }

  // Sharded and prefixed variants hold the same weights; a folder may leave them out.
  std::filesystem::path checkpoint(std::string_view name) const;
};

constexpr double kBf16Pass = 3e-2;  // bf16 operands with fp32 sums, one pass of the transformer

// A family of cases. `prefix` is matched against the case name; the longest match wins.
struct Runner {
  std::string_view prefix;
  double tolerance;  // relative L2 of floats, see the table in runner.cpp
  void (*run)(const RunContext& context, const GoldenCase& golden, Comparison& comparison);
};

std::span<const Runner> runners();
const Runner* find_runner(std::string_view case_name);  // null for a case that nobody knows

// One file per group in runners/.
void run_dit(const RunContext&, const GoldenCase&, Comparison&);
void run_text(const RunContext&, const GoldenCase&, Comparison&);
void run_lm(const RunContext&, const GoldenCase&, Comparison&);
void run_lm_guided(const RunContext&, const GoldenCase&, Comparison&);
void run_cond(const RunContext&, const GoldenCase&, Comparison&);
void run_fsq_tokenize(const RunContext&, const GoldenCase&, Comparison&);
void run_fsq_detokenize(const RunContext&, const GoldenCase&, Comparison&);
void run_vae(const RunContext&, const GoldenCase&, Comparison&);
void run_sampler(const RunContext&, const GoldenCase&, Comparison&);
void run_loop(const RunContext&, const GoldenCase&, Comparison&);
void run_demucs(const RunContext&, const GoldenCase&, Comparison&);
void run_e2e(const RunContext&, const GoldenCase&, Comparison&);
void run_e2e_source(const RunContext&, const GoldenCase&, Comparison&);

// The condition tensors of a case; `prefix` is "in." or that of an alternative prompt.
ConditionInputs condition_inputs(const GoldenCase& golden, const std::string& prefix);

}  // namespace ams::golden
