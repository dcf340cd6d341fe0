// The adapters that came with the recorded reference: three ways to save one adapter, and files
// that must be refused.
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "tensor/lora_file.h"

namespace ams {
namespace {

const std::filesystem::path kAdapters =
    std::filesystem::path(AMS_TEST_GOLDEN_DIR) / "checkpoints/adapters";

class LoraGolden : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kAdapters)) GTEST_SKIP() << "no golden data at " << kAdapters;
  }
};

TEST_F(LoraGolden, three_ways_to_save_an_adapter_hold_the_same_modules) {
  const auto peft = open_lora(kAdapters / "lora_a");
  EXPECT_EQ(peft->modules.size(), 32u);
  EXPECT_EQ(peft->rank, 4);
  EXPECT_DOUBLE_EQ(peft->alpha, 8.0);
  for (const char* name : {"lora_a_diffusers", "lora_a_comfyui.safetensors"}) {
    const auto other = open_lora(kAdapters / name);
    ASSERT_EQ(other->modules.size(), peft->modules.size()) << name;
    for (size_t i = 0; i < peft->modules.size(); ++i) {
      EXPECT_EQ(other->modules[i].name, peft->modules[i].name);
      EXPECT_EQ(other->modules[i].scale, peft->modules[i].scale);
      EXPECT_EQ(to_float(*other->modules[i].down), to_float(*peft->modules[i].down));
      EXPECT_EQ(to_float(*other->modules[i].up), to_float(*peft->modules[i].up));
    }
  }
}

TEST_F(LoraGolden, invalid_adapters_are_refused_with_the_reason) {
  expect_error(
      ErrorCode::CorruptFile, "has no peft_type", [] { open_lora(kAdapters / "invalid_config"); });
  expect_error(ErrorCode::Unsupported, "is an adapter for ACE-Step v1.0", [] {
    open_lora(kAdapters / "invalid_modules");
  });
  // Its shapes are sound in themselves: only a model can refuse it.
  EXPECT_EQ(open_lora(kAdapters / "invalid_shapes")->modules.front().in, 88);
}

}  // namespace
}  // namespace ams
