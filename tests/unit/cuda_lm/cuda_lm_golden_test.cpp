// The recorded cases of the language models on the emulated card.
#include <filesystem>
#include <functional>

#include <gtest/gtest.h>

#include "cuda_lm/native_lm_emulated.h"
#include "golden/runner.h"

namespace ams::golden {
namespace {

namespace fs = std::filesystem;

// Runs every lm/ case of the recorded data; `judge` gets each comparison.
void run_cases(Precision precision,
               const std::function<void(const std::string&, const Comparison&)>& judge) {
  const fs::path folder = fs::path(AMS_TEST_SOURCE_DIR) / "tests/golden/data";
  const std::unique_ptr<Device> device = open_emulated(/*native=*/true);
  RunContext context;
  context.device = device.get();
  context.folder = folder;
  context.precision = precision;
  const Json cases = Json::parse_file(folder / "manifest.json").at("cases");
  int ran = 0;
  for (int64_t i = 0; i < cases.size(); ++i) {
    const std::string name = cases.at(i).at("name").as_string();
    if (!name.starts_with("lm/")) continue;
    const GoldenCase golden(folder, cases.at(i));
    Comparison comparison(golden);
    (name == "lm/qwen3_cfg" ? run_lm_guided : run_lm)(context, golden, comparison);
    EXPECT_TRUE(comparison.missing().empty()) << name;
    judge(name, comparison);
    ++ran;
  }
  EXPECT_GE(ran, 3);
}

TEST(CudaLmGoldenTest, gives_the_recorded_values_with_fp32_weights) {
  run_cases(Precision::F32, [](const std::string& name, const Comparison& comparison) {
    for (const TensorResult& result : comparison.results()) {
      RecordProperty(name + " " + result.name, std::to_string(result.relative));
      if (result.is_float) {
        EXPECT_LT(result.relative, 1e-5) << name << " " << result.name;
      } else {
        EXPECT_TRUE(result.equal) << name << " " << result.name;
      }
    }
  });
}

TEST(CudaLmGoldenTest, stays_near_the_recorded_values_with_bf16_weights) {
  run_cases(Precision::BF16, [](const std::string& name, const Comparison& comparison) {
    for (const TensorResult& result : comparison.results()) {
      // Not what follows a token: the greedy choice between near equals may fall the other way.
      const bool is_first = result.name == "out.prefill_logits" || result.name.ends_with(".0");
      if (!is_first || !result.is_float) continue;
      EXPECT_LT(result.relative, 2e-2) << name << " " << result.name;
    }
  });
}

}  // namespace
}  // namespace ams::golden
