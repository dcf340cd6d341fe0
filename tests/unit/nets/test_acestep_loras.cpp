// Adapters on the whole diffusion transformer: the reference's tiny checkpoint and adapters.
#include <filesystem>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "nets/acestep_model.h"
#include "support/expect_error.h"

namespace ams {
namespace {

const std::filesystem::path kCheckpoints =
    std::filesystem::path(AMS_TEST_GOLDEN_DIR) / "checkpoints";

FloatArray ramp(std::vector<int64_t> shape) {
  FloatArray array(std::move(shape));
  for (size_t i = 0; i < array.data.size(); ++i) {
    array.data[i] = static_cast<float>(i % 17) / 8.0f - 1.0f;
  }
  return array;
}

class AceStepLoras : public ::testing::TestWithParam<Precision> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kCheckpoints)) GTEST_SKIP() << "no data at " << kCheckpoints;
    device_ = Device::open({"cpu", /*threads=*/1});
    model_ = AceStepModel::load(kCheckpoints / "acestep-v15-xl-sft", *device_, GetParam());
  }

  std::vector<LoraOutcome> apply(const std::vector<std::pair<std::string, double>>& adapters) {
    std::vector<LoraUse> uses;
    for (const auto& [name, strength] : adapters) {
      uses.push_back({open_lora(kCheckpoints / "adapters" / name), strength});
    }
    return model_->loras().apply(uses);
  }

  std::vector<float> velocity() {
    const int64_t channels = model_->dit().latent_channels();
    const auto bound = model_->dit().bind(
        {ramp({1, 5, model_->dit().encoder_hidden_size()}), ramp({1, 8, 2 * channels})});
    const FloatArray latents = ramp({1, 8, channels});
    std::vector<float> result(latents.data.size());
    bound->velocity(latents.data, 0.5f, result, {}, 0.0f);
    return result;
  }

  std::unique_ptr<Device> device_;
  std::unique_ptr<AceStepModel> model_;
};

TEST_P(AceStepLoras, an_adapter_changes_the_velocity_and_its_removal_undoes_that) {
  const std::vector<float> none = velocity();
  EXPECT_EQ(apply({{"lora_a", 1.0}}).at(0).modules_applied, 32);
  const std::vector<float> one = velocity();
  EXPECT_NE(one, none);
  apply({{"lora_a", 1.0}, {"lora_b", 0.5}});
  EXPECT_NE(velocity(), one);
  apply({{"lora_a", 1.0}});
  EXPECT_EQ(velocity(), one);
  apply({{"lora_a", 0.0}});
  EXPECT_EQ(velocity(), none);
  apply({});
  EXPECT_EQ(velocity(), none);
}

TEST_P(AceStepLoras, every_way_to_save_an_adapter_gives_the_same_velocity) {
  apply({{"lora_a", 0.85}});
  const std::vector<float> peft = velocity();
  apply({{"lora_a_comfyui.safetensors", 0.85}});
  EXPECT_EQ(velocity(), peft);
  apply({{"lora_a_diffusers", 0.85}});
  EXPECT_EQ(velocity(), peft);
}

TEST_P(AceStepLoras, adapter_of_another_width_is_refused_and_changes_nothing) {
  const std::vector<float> none = velocity();
  expect_error(ErrorCode::Unsupported, "made for hidden size 88; this model has 80", [&] {
    apply({{"lora_a", 1.0}, {"invalid_shapes", 1.0}});
  });
  EXPECT_EQ(velocity(), none);
}

INSTANTIATE_TEST_SUITE_P(Precisions,
                         AceStepLoras,
                         ::testing::Values(Precision::F32, Precision::BF16, Precision::Q8_0));

}  // namespace
}  // namespace ams
