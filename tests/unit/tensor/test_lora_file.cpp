#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/str.h"
#include "support/expect_error.h"
#include "support/safetensors_bytes.h"
#include "support/temporary_folder.h"
#include "tensor/lora_file.h"
#include "unit/tensor/lora_fixture.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

const std::string kQuery = "layers.0.self_attn.q_proj";
const std::string kValue = "layers.0.self_attn.v_proj";
const std::vector<BaseMatrix> kTwo{{kQuery, kHidden, kHidden}, {kValue, kKeyWidth, kHidden}};

// A PEFT folder with two modules of rank 4 and the given configuration.
std::shared_ptr<const LoraFile> open_peft(const TemporaryFolder& folder,
                                          const std::string& config,
                                          const std::string& metadata = "",
                                          std::vector<NamedValues> more = {}) {
  std::vector<NamedValues> tensors = peft_tensors(kTwo, 4, 1);
  tensors.insert(tensors.end(), more.begin(), more.end());
  folder.write("adapter_model.safetensors", safetensors_bytes(tensors, metadata));
  if (!config.empty()) folder.write("adapter_config.json", config);
  return open_lora(folder.path());
}

double scale_of(const LoraFile& file, const std::string& name) {
  for (const LoraModule& module : file.modules) {
    if (module.name == name) return module.scale;
  }
  return std::nan("");
}

TEST(LoraFile, header_facts_are_those_of_the_file) {
  const TemporaryFolder folder;
  const auto file = open_peft(folder, R"({"peft_type":"LORA","r":4,"lora_alpha":6})");
  EXPECT_EQ(file->name, folder.path().filename().string().substr(0, 64));
  EXPECT_EQ(file->kind, "lora");
  EXPECT_EQ(file->rank, 4);
  EXPECT_DOUBLE_EQ(file->alpha, 6.0);
  EXPECT_EQ(file->bytes, fs::file_size(folder.path() / "adapter_model.safetensors"));
  ASSERT_EQ(file->modules.size(), 2u);
  EXPECT_EQ(file->modules[1].name, kValue);
  EXPECT_EQ(file->modules[1].out, kKeyWidth);
  EXPECT_EQ(file->modules[1].in, kHidden);
  EXPECT_TRUE(file->ignored.empty());
}

TEST(LoraFile, alpha_of_a_module_wins_over_pattern_over_config_over_metadata_over_rank) {
  const std::string alpha_name = "base_model.model." + kQuery + ".alpha";
  const std::string metadata = R"({"lora_alpha":"2"})";
  const std::string config = R"({"peft_type":"LORA","lora_alpha":8})";
  const std::string pattern =
      R"({"peft_type":"LORA","lora_alpha":8,"alpha_pattern":{"self_attn.q_proj":12}})";
  const auto query_scale = [&](const std::string& config_text,
                               const std::string& metadata_text,
                               std::vector<NamedValues> more) {
    const TemporaryFolder folder;
    const auto file = open_peft(folder, config_text, metadata_text, std::move(more));
    return scale_of(*file, kQuery);
  };
  EXPECT_DOUBLE_EQ(query_scale("", "", {}), 1.0);
  EXPECT_DOUBLE_EQ(query_scale("", metadata, {}), 0.5);
  EXPECT_DOUBLE_EQ(query_scale(config, metadata, {}), 2.0);
  EXPECT_DOUBLE_EQ(query_scale(pattern, metadata, {}), 3.0);
  EXPECT_DOUBLE_EQ(query_scale(pattern, metadata, {number(alpha_name, 16)}), 4.0);
}

TEST(LoraFile, alpha_pattern_leaves_other_modules_alone) {
  const TemporaryFolder folder;
  const auto file = open_peft(
      folder,
      R"({"peft_type":"LORA","lora_alpha":2.5,"alpha_pattern":{"layers\\.\\d+\\..*q_proj":12}})");
  EXPECT_DOUBLE_EQ(scale_of(*file, kQuery), 3.0);
  EXPECT_DOUBLE_EQ(scale_of(*file, kValue), 0.625);
}

TEST(LoraFile, rank_stabilised_adapters_divide_by_the_root_of_the_rank) {
  const TemporaryFolder folder;
  const auto file = open_peft(folder, R"({"peft_type":"LORA","lora_alpha":8,"use_rslora":true})");
  EXPECT_DOUBLE_EQ(scale_of(*file, kQuery), 4.0);
}

TEST(LoraFile, rank_of_each_module_is_that_of_its_tensors) {
  const TemporaryFolder folder;
  std::vector<NamedValues> tensors = peft_tensors({kTwo[0]}, 4, 1);
  const std::vector<NamedValues> wider = peft_tensors({kTwo[1]}, 8, 2);
  tensors.insert(tensors.end(), wider.begin(), wider.end());
  folder.write("adapter_model.safetensors", safetensors_bytes(tensors));
  folder.write("adapter_config.json",
               R"({"peft_type":"LORA","r":4,"lora_alpha":8,"rank_pattern":{"v_proj":8}})");
  const auto file = open_lora(folder.path() / "adapter_model.safetensors");
  EXPECT_DOUBLE_EQ(scale_of(*file, kQuery), 2.0);
  EXPECT_DOUBLE_EQ(scale_of(*file, kValue), 1.0);
  EXPECT_EQ(file->rank, 8);
}

TEST(LoraFile, diffusers_metadata_gives_alpha) {
  const TemporaryFolder folder;
  std::vector<NamedValues> tensors{
      named("transformer.layers.0.self_attn.to_q.lora_A.weight", test_matrix(4, kHidden, 1)),
      named("transformer.layers.0.self_attn.to_q.lora_B.weight", test_matrix(kHidden, 4, 2))};
  const auto file = open_adapter(
      folder, tensors, R"({"lora_adapter_metadata":"{\"transformer.lora_alpha\": 10}"})");
  EXPECT_DOUBLE_EQ(scale_of(*file, kQuery), 2.5);
  EXPECT_EQ(file->name, "adapter");
}

TEST(LoraFile, lokr_rank_is_that_of_the_factors_or_stated_or_unknown) {
  const std::string name = "lycoris_layers_0_self_attn_q_proj.";
  const NamedValues w1 = named(name + "lokr_w1", test_matrix(8, 8, 1));
  const NamedValues w2 = named(name + "lokr_w2", test_matrix(8, 8, 2));
  const NamedValues w1_a = named(name + "lokr_w1_a", test_matrix(8, 2, 3));
  const NamedValues w1_b = named(name + "lokr_w1_b", test_matrix(2, 8, 4));
  const NamedValues w2_a = named(name + "lokr_w2_a", test_matrix(8, 4, 5));
  const NamedValues w2_b = named(name + "lokr_w2_b", test_matrix(4, 8, 6));
  const NamedValues alpha = number(name + "alpha", 16);
  const std::string dim32 = R"({"lokr_config":"{\"linear_dim\": 32, \"linear_alpha\": 64}"})";
  const std::string rs32 = R"({"lokr_config":"{\"linear_dim\": 64, \"rs_lora\": true}"})";
  const auto scale = [&](const std::vector<NamedValues>& tensors, const std::string& metadata) {
    const TemporaryFolder folder;
    const auto file = open_adapter(folder, tensors, metadata);
    EXPECT_EQ(file->kind, "lokr");
    EXPECT_EQ(file->modules[0].out, 64);
    EXPECT_EQ(file->modules[0].in, 64);
    return file->modules[0].scale;
  };
  EXPECT_DOUBLE_EQ(scale({w1, w2_a, w2_b, alpha}, ""), 4.0);          // rank of w2
  EXPECT_DOUBLE_EQ(scale({w1_a, w1_b, w2, alpha}, ""), 8.0);          // rank of w1
  EXPECT_DOUBLE_EQ(scale({w1_a, w1_b, w2_a, w2_b, alpha}, ""), 4.0);  // w2 decides
  EXPECT_DOUBLE_EQ(scale({w1, w2_a, w2_b}, ""), 1.0);                 // alpha = rank
  EXPECT_DOUBLE_EQ(scale({w1, w2_a, w2_b}, dim32), 16.0);             // linear_alpha / rank
  EXPECT_DOUBLE_EQ(scale({w1, w2, alpha}, dim32), 0.5);               // linear_dim
  EXPECT_DOUBLE_EQ(scale({w1, w2}, dim32), 1.0);                      // alpha = linear_dim
  EXPECT_DOUBLE_EQ(scale({w1, w2, alpha}, rs32), 2.0);                // sqrt(64)
  EXPECT_DOUBLE_EQ(scale({w1, w2, alpha}, ""), 1.0);                  // nothing to divide by
  EXPECT_DOUBLE_EQ(scale({w1, w2, number(name + "scalar", 0.25)}, ""), 0.25);
}

TEST(LoraFile, tensors_without_a_module_are_listed) {
  const TemporaryFolder folder;
  const auto file =
      open_peft(folder,
                "",
                "",
                {{"base_model.model.layers.0.self_attn.q_proj.bias", {2}, {1, 2}},
                 {"base_model.model.proj_in.1.lora_A.weight", {2, 2, 1}, {1, 2, 3, 4}},
                 {"base_model.model.proj_in.1.lora_B.weight", {2, 2, 1}, {1, 2, 3, 4}}});
  EXPECT_EQ(file->modules.size(), 2u);
  EXPECT_THAT(file->ignored,
              ::testing::UnorderedElementsAre("base_model.model.layers.0.self_attn.q_proj.bias",
                                              "base_model.model.proj_in.1.lora_A.weight",
                                              "base_model.model.proj_in.1.lora_B.weight"));
}

TEST(LoraFile, folder_with_one_safetensors_file_is_opened) {
  const TemporaryFolder folder;
  folder.write("my-style.safetensors", safetensors_bytes(peft_tensors(kTwo, 2, 1)));
  EXPECT_EQ(open_lora(folder.path())->name, "my-style");
  folder.write("other.safetensors", safetensors_bytes(peft_tensors(kTwo, 2, 1)));
  expect_error(ErrorCode::NotFound, "holds 2 safetensors files", [&] { open_lora(folder.path()); });
  expect_error(ErrorCode::NotFound, "absent", [&] { open_lora(folder.path() / "absent"); });
}

TEST(LoraFile, names_are_cut_to_printable_characters) {
  const TemporaryFolder folder;
  const auto file = open_adapter(
      folder, peft_tensors(kTwo, 2, 1), "", str("a\x01", std::string(90, 'b'), ".safetensors"));
  EXPECT_EQ(file->name, "a_" + std::string(62, 'b'));
}

// Opening must throw `code` with a message that contains `message`.
void expect_refused(ErrorCode code,
                    const std::string& message,
                    const std::vector<NamedValues>& tensors,
                    const std::string& config = "") {
  const TemporaryFolder folder;
  folder.write("adapter_model.safetensors", safetensors_bytes(tensors));
  if (!config.empty()) folder.write("adapter_config.json", config);
  expect_error(code, message, [&] { open_lora(folder.path()); });
}

TEST(LoraFileForeign, adapters_of_other_models_say_what_they_are) {
  const std::string v1 = "transformer_blocks.0.attn.to_q.lora_";
  expect_refused(
      ErrorCode::Unsupported,
      "is an adapter for ACE-Step v1.0; its first tensors are "
      "'transformer_blocks.0.attn.to_q.lora_A.weight'",
      {named(v1 + "A.weight", test_matrix(4, 8, 1)), named(v1 + "B.weight", test_matrix(8, 4, 2))});
  expect_refused(ErrorCode::Unsupported,
                 "Stable Diffusion",
                 {named("unet.mid_block.attn.to_q.lora_A.weight", test_matrix(4, 8, 1))});
  expect_refused(ErrorCode::Unsupported,
                 "a language model",
                 {named("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
                        test_matrix(4, 8, 1))});
  expect_refused(ErrorCode::Unsupported,
                 "holds no adapter for ACE-Step 1.5",
                 {named("something", test_matrix(4, 8, 1))});
  expect_refused(ErrorCode::Unsupported, "its first tensors are none", {});
}

TEST(LoraFileHostile, wrong_tensors_are_named) {
  const std::string a = "base_model.model." + kQuery + ".lora_A.weight";
  const std::string b = "base_model.model." + kQuery + ".lora_B.weight";
  const NamedValues down = named(a, test_matrix(4, 8, 1));
  const NamedValues up = named(b, test_matrix(8, 4, 2));
  const auto corrupt = [](const std::string& message, const std::vector<NamedValues>& tensors) {
    expect_refused(ErrorCode::CorruptFile, message, tensors);
  };
  corrupt("lora_B (lora_up) is missing", {down});
  corrupt("lora_A (lora_down) is missing", {up});
  corrupt("both are the rank", {down, named(b, test_matrix(8, 3, 2))});
  corrupt("expected a matrix", {{a, {0, 8}, {}}, {b, {8, 0}, {}}});
  corrupt("expected a matrix", {{a, {8}, test_values(8, 1)}, up});
  corrupt("for the same part of one module",
          {down, up, named(kQuery + ".lora_A.weight", test_matrix(4, 8, 1))});
  corrupt("expected one of f32, f16, bf16", {{a, {1, 1}, {1.0f, 2.0f}, "F64"}, up});
  corrupt("a name of 546 characters",
          {down, up, named(std::string(532, 'x') + ".lora_A.weight", test_matrix(1, 1, 1))});
  const std::string alpha = "base_model.model." + kQuery + ".alpha";
  corrupt("expected one number", {down, up, {alpha, {2}, {1, 2}}});
  corrupt("expected a finite number", {down, up, number(alpha, std::nanf(""))});
  corrupt("expected a finite number",
          {down, up, number(alpha, std::numeric_limits<float>::infinity())});
  expect_refused(ErrorCode::Unsupported,
                 "has rank 257",
                 {named(a, test_matrix(257, 8, 1)), named(b, test_matrix(8, 257, 2))});
  expect_refused(ErrorCode::Unsupported,
                 "norms of input columns",
                 {down, up, {kQuery + ".dora_scale", {1, 8}, test_values(8, 1)}});
  corrupt("lokr_w2 (lokr_w2_a) is missing",
          {named("lycoris_layers_0_self_attn_q_proj.lokr_w1", test_matrix(2, 2, 1))});
  corrupt("lokr_w2_b is missing",
          {named("lycoris_layers_0_self_attn_q_proj.lokr_w1", test_matrix(2, 2, 1)),
           named("lycoris_layers_0_self_attn_q_proj.lokr_w2_a", test_matrix(2, 2, 1))});
}

TEST(LoraFileHostile, wrong_configurations_are_named) {
  const std::vector<NamedValues> tensors = peft_tensors(kTwo, 4, 1);
  const auto corrupt = [&](const std::string& message, const std::string& config) {
    expect_refused(ErrorCode::CorruptFile, message, tensors, config);
  };
  corrupt("has no peft_type", R"({"r":4})");
  corrupt("lora_alpha", R"({"peft_type":"LORA","lora_alpha":1e30})");
  corrupt("expected", R"({"peft_type":"LORA","lora_alpha":"8"})");
  corrupt("expected", R"({"peft_type":"LORA","alpha_pattern":[1]})");
  corrupt("ends too early", R"({"peft_type":"LORA","alpha_pattern":{"(a":1}})");
  corrupt("lora_magnitude_vector is missing", R"({"peft_type":"LORA","use_dora":true})");
  corrupt("", R"({"peft_type":)");
  expect_refused(
      ErrorCode::Unsupported, "expected LORA", tensors, R"({"peft_type":"PREFIX_TUNING"})");
  expect_refused(ErrorCode::Unsupported,
                 "fan_in_fan_out",
                 tensors,
                 R"({"peft_type":"LORA","fan_in_fan_out":true})");
}

TEST(LoraFileHostile, wrong_metadata_is_named) {
  const auto corrupt = [](const std::string& message, const std::string& metadata) {
    const TemporaryFolder folder;
    expect_error(ErrorCode::CorruptFile, message, [&] {
      open_adapter(folder, peft_tensors(kTwo, 4, 1), metadata);
    });
  };
  corrupt("expected a number", R"({"lora_alpha":"eight"})");
  corrupt("lora_alpha", R"({"lora_alpha":"inf"})");
  corrupt("linear_dim 0", R"({"lokr_config":"{\"linear_dim\": 0}"})");
  corrupt("", R"({"lokr_config":"{"})");
  corrupt("expected", R"({"lokr_config":"{\"linear_dim\": \"big\"}"})");
}

TEST(LoraFileHostile, sizes_are_checked_before_the_header_is_read) {
  const TemporaryFolder folder;
  const auto refuse = [&](ErrorCode code, const std::string& message, const std::string& bytes) {
    const fs::path path = folder.write("x.safetensors", bytes);
    expect_error(code, message, [&] { open_lora(path); });
  };
  refuse(ErrorCode::CorruptFile, "cut off or not a safetensors file: 0 bytes", "");
  refuse(ErrorCode::CorruptFile, "cut off or not a safetensors file: 7 bytes", "1234567");
  refuse(ErrorCode::CorruptFile, "states a header of 0 bytes", std::string(16, '\0'));
  refuse(ErrorCode::CorruptFile, "expected 1 to 10485760", std::string(16, '\xFF'));
  const std::string whole = safetensors_bytes(peft_tensors(kTwo, 4, 1));
  refuse(ErrorCode::CorruptFile, "truncated", whole.substr(0, whole.size() - 4));
  refuse(ErrorCode::CorruptFile, "truncated", whole.substr(0, 40));
  const fs::path large = folder.write("large.safetensors", whole);
  fs::resize_file(large, kMaxLoraFileBytes + 1);  // sparse: takes no space
  expect_error(ErrorCode::Unsupported,
               "is too large: 524288001 bytes, at most 524288000 are accepted",
               [&] { open_lora(large); });
}

}  // namespace
}  // namespace ams
