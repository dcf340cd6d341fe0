#include "studio/lora/lora_presets.h"

#include <gtest/gtest.h>

namespace ams {
namespace {

TEST(LoraPresets, all_come_from_the_official_organisation_with_a_scale_in_range) {
  ASSERT_EQ(lora_presets().size(), 2u);
  for (const LoraPreset& preset : lora_presets()) {
    EXPECT_TRUE(preset.hf_id.starts_with("ACE-Step/")) << preset.name;
    EXPECT_TRUE(preset.filename.ends_with(".safetensors")) << preset.name;
    EXPECT_GE(preset.default_scale, 0.0);
    EXPECT_LE(preset.default_scale, 1.5);
    EXPECT_FALSE(preset.made_for.empty());
  }
}

TEST(LoraPresets, are_found_by_name_and_by_repository) {
  const LoraPreset* preset = find_lora_preset("Chinese New Year");
  ASSERT_NE(preset, nullptr);
  EXPECT_EQ(preset->config, "adapter_config.json");
  EXPECT_TRUE(preset->fits_this_program);
  EXPECT_EQ(find_lora_preset(preset->hf_id), preset);
  EXPECT_EQ(find_lora_preset("RapMachine"), nullptr);
}

TEST(LoraPresets, adapter_of_the_older_model_is_marked) {
  const LoraPreset* preset = find_lora_preset("Chinese Rap");
  ASSERT_NE(preset, nullptr);
  EXPECT_FALSE(preset->fits_this_program);
  EXPECT_EQ(preset->made_for, "ACE-Step v1.0");
}

}  // namespace
}  // namespace ams
