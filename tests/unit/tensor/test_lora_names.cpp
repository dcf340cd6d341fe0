#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "tensor/lora_names.h"
#include "tensor/lora_pattern.h"

namespace ams {
namespace {

struct NameCase {
  std::string tensor;
  std::string module;
  LoraPart part;
  bool is_flattened;
};

class LoraNames : public ::testing::TestWithParam<NameCase> {};

TEST_P(LoraNames, every_convention_names_the_same_module) {
  const std::optional<LoraName> name = parse_lora_name(GetParam().tensor);
  ASSERT_TRUE(name.has_value());
  EXPECT_EQ(name->module, GetParam().module);
  EXPECT_EQ(name->part, GetParam().part);
  EXPECT_EQ(name->is_flattened, GetParam().is_flattened);
  EXPECT_TRUE(is_acestep_module(*name));
}

const std::string kQuery = "layers.3.self_attn.q_proj";
const std::string kFlatQuery = "layers_3_self_attn_q_proj";
const std::string kPeft = "base_model.model." + kQuery;

INSTANTIATE_TEST_SUITE_P(
    Conventions,
    LoraNames,
    ::testing::Values(
        NameCase{kPeft + ".lora_A.weight", kQuery, LoraPart::Down, false},
        NameCase{kPeft + ".lora_B.weight", kQuery, LoraPart::Up, false},
        NameCase{kPeft + ".lora_A.default.weight", kQuery, LoraPart::Down, false},
        NameCase{kPeft + ".lora_magnitude_vector", kQuery, LoraPart::Magnitude, false},
        NameCase{kPeft + ".lora_magnitude_vector.default", kQuery, LoraPart::Magnitude, false},
        NameCase{
            kPeft + ".lora_magnitude_vector.default.weight", kQuery, LoraPart::Magnitude, false},
        NameCase{
            "base_model.model.decoder." + kQuery + ".lora_A.weight", kQuery, LoraPart::Down, false},
        NameCase{kQuery + ".lora_A.weight", kQuery, LoraPart::Down, false},
        NameCase{"decoder." + kQuery + ".lora_up.weight", kQuery, LoraPart::Up, false},
        NameCase{"diffusion_model." + kQuery + ".lora_down.weight", kQuery, LoraPart::Down, false},
        NameCase{
            "diffusion_model.decoder." + kQuery + ".lora_up.weight", kQuery, LoraPart::Up, false},
        NameCase{"diffusion_model." + kQuery + ".alpha", kQuery, LoraPart::Alpha, false},
        NameCase{"lora_unet_decoder_" + kFlatQuery + ".lora_down.weight",
                 kFlatQuery,
                 LoraPart::Down,
                 true},
        NameCase{"lora_unet_" + kFlatQuery + ".alpha", kFlatQuery, LoraPart::Alpha, true},
        NameCase{
            "transformer.layers.3.self_attn.to_q.lora_A.weight", kQuery, LoraPart::Down, false},
        NameCase{"transformer.layers.3.self_attn.to_out.0.lora_B.weight",
                 "layers.3.self_attn.o_proj",
                 LoraPart::Up,
                 false},
        NameCase{"transformer.layers.3.cross_attn.to_k.lora_B.weight",
                 "layers.3.cross_attn.k_proj",
                 LoraPart::Up,
                 false},
        NameCase{"transformer.layers.3.cross_attn.to_v.lora_B.weight",
                 "layers.3.cross_attn.v_proj",
                 LoraPart::Up,
                 false},
        NameCase{"lycoris_" + kFlatQuery + ".lokr_w1", kFlatQuery, LoraPart::W1, true},
        NameCase{"lycoris_" + kFlatQuery + ".lokr_w2_a", kFlatQuery, LoraPart::W2A, true},
        NameCase{"lycoris_" + kFlatQuery + ".dora_scale", kFlatQuery, LoraPart::DoraScale, true},
        NameCase{"lycoris_" + kFlatQuery + ".scalar", kFlatQuery, LoraPart::Scalar, true},
        NameCase{"base_model.model.condition_embedder.lora_A.weight",
                 "condition_embedder",
                 LoraPart::Down,
                 false}));

TEST(LoraNames, other_tensors_are_no_part_of_an_adapter) {
  EXPECT_FALSE(parse_lora_name("").has_value());
  EXPECT_FALSE(parse_lora_name(".lora_A.weight").has_value());
  EXPECT_FALSE(parse_lora_name("lora_A.weight").has_value());
  EXPECT_FALSE(parse_lora_name(kPeft + ".weight").has_value());
  EXPECT_FALSE(parse_lora_name(kPeft + ".lora_B.bias").has_value());
  EXPECT_FALSE(parse_lora_name(kPeft + ".bias").has_value());
}

TEST(LoraNames, foreign_models_are_named) {
  const auto guess = [](std::string name) {
    return guess_foreign_model(std::vector<std::string>{std::move(name)});
  };
  EXPECT_EQ(guess("transformer_blocks.0.attn.to_q.lora_A.weight"), "ACE-Step v1.0");
  EXPECT_EQ(guess("transformer.lyric_encoder.encoders.0.self_attn.linear_q.lora_A.weight"),
            "ACE-Step v1.0");
  EXPECT_EQ(guess("unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight"),
            "Stable Diffusion, an image model");
  EXPECT_EQ(guess("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"),
            "a language model");
  EXPECT_EQ(guess("something.else"), "");
}

TEST(LoraPattern, literal_matches_a_whole_name_or_an_ending_after_a_dot) {
  EXPECT_TRUE(matches_module("q_proj", kQuery));
  EXPECT_TRUE(matches_module("self_attn.q_proj", kQuery));
  EXPECT_TRUE(matches_module(kQuery, kQuery));
  EXPECT_FALSE(matches_module("proj", kQuery));
  EXPECT_FALSE(matches_module("q_pro", kQuery));
  EXPECT_FALSE(matches_module("", kQuery));
}

TEST(LoraPattern, expressions_of_peft_configs_match) {
  EXPECT_TRUE(matches_module(R"(layers\.\d+\.self_attn\.(q|k)_proj)", kQuery));
  EXPECT_TRUE(matches_module(R"(layers.[0-3].*q_proj)", kQuery));
  EXPECT_FALSE(matches_module(R"(layers.[^0-3].*q_proj)", kQuery));
  EXPECT_TRUE(matches_module(R"(^layers\.3\..*proj$)", kQuery));
  EXPECT_FALSE(matches_module(R"(^self_attn\.q_proj$)", kQuery));
  EXPECT_TRUE(matches_module(R"(\w+\.(?:x?q)_pro+j)", kQuery));
  EXPECT_TRUE(matches_module("[a-z_]{6}", kQuery));
  EXPECT_FALSE(matches_module("[a-z_]{7}", kQuery));
  EXPECT_TRUE(matches_module("[a-z_]{2,}", kQuery));
  EXPECT_TRUE(matches_module("v_proj|q_proj", kQuery));
  EXPECT_FALSE(matches_module("v_proj|k_proj", kQuery));
}

TEST(LoraPattern, hostile_patterns_are_errors_and_take_no_time) {
  const std::string module(100, 'a');
  const auto expect_corrupt = [&](const std::string& pattern, const std::string& message) {
    expect_error(ErrorCode::CorruptFile, message, [&] { matches_module(pattern, module); });
  };
  expect_corrupt("(a", "ends too early");
  expect_corrupt("a)", "too many");
  expect_corrupt("[a", "ends too early");
  expect_corrupt("*a", "repeats nothing");
  expect_corrupt("a{5,2}", "malformed");
  expect_corrupt("a{99999999999999999999}", "repeats too often");
  expect_corrupt("a\\", "ends too early");
  expect_corrupt("a\\b", "escape");
  expect_corrupt(std::string(5000, '('), "nested too deeply");
  expect_corrupt(std::string(3000, 'x') + "*", "takes too long");
  EXPECT_FALSE(matches_module("((((a{1000}){1000}){1000}){1000})b", module));
  EXPECT_FALSE(matches_module("(a*)*b", module));
  EXPECT_FALSE(matches_module("(a|a)*(a|a)*(a|a)*b", module));
}

}  // namespace
}  // namespace ams
