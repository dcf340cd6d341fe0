#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/str.h"
#include "support/expect_error.h"
#include "tensor/graph.h"
#include "tensor/lora_stack.h"
#include "unit/tensor/lora_fixture.h"

namespace ams {
namespace {

using ::testing::ElementsAre;

constexpr double kExact = 2e-6;  // of sums of fp32 in another order
const std::string kQuery = "layers.1.self_attn.q_proj";
const std::string kValue = "layers.1.self_attn.v_proj";
const std::string kFlatQuery = "layers_1_self_attn_q_proj";

void expect_same_bits(const std::vector<Dense>& a, const std::vector<Dense>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].values, b[i].values);
}

// The tensors of one adapter of kQuery in a convention: names of down and up, and perhaps alpha.
struct Convention {
  std::string label;
  std::string down;
  std::string up;
  std::string alpha;  // empty: none
  bool is_flattened = false;
};

class LoraConventions : public ::testing::TestWithParam<Convention> {};

TEST_P(LoraConventions, adapter_adds_its_product_to_the_right_rows) {
  LoraModel model;
  const TemporaryFolder folder;
  const Dense down = test_matrix(4, kHidden, 1);
  const Dense up = test_matrix(kHidden, 4, 2);
  std::vector<NamedValues> tensors{named(GetParam().down, down), named(GetParam().up, up)};
  if (!GetParam().alpha.empty()) tensors.push_back(number(GetParam().alpha, 6));
  const double scale = GetParam().alpha.empty() ? 1.0 : 1.5;
  const std::vector<LoraOutcome> outcomes =
      model.stack().apply(std::vector<LoraUse>{{open_adapter(folder, tensors), 0.5}});
  EXPECT_EQ(outcomes.at(0).modules_applied, 1);
  EXPECT_TRUE(outcomes.at(0).unmatched.empty());
  const Dense expected = sum(model.stored(kQuery), product(up, down), 0.5 * scale);
  EXPECT_LT(max_difference(model.effective(kQuery), expected), kExact);
  EXPECT_LT(max_difference(model.effective(kValue), model.stored(kValue)), kExact);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    LoraConventions,
    ::testing::Values(Convention{"peft",
                                 "base_model.model." + kQuery + ".lora_A.weight",
                                 "base_model.model." + kQuery + ".lora_B.weight",
                                 ""},
                      Convention{"peft_named",
                                 "base_model.model." + kQuery + ".lora_A.default.weight",
                                 "base_model.model." + kQuery + ".lora_B.default.weight",
                                 ""},
                      Convention{"comfyui",
                                 "diffusion_model." + kQuery + ".lora_down.weight",
                                 "diffusion_model." + kQuery + ".lora_up.weight",
                                 "diffusion_model." + kQuery + ".alpha"},
                      Convention{"comfyui_decoder",
                                 "diffusion_model.decoder." + kQuery + ".lora_A.weight",
                                 "diffusion_model.decoder." + kQuery + ".lora_B.weight",
                                 "diffusion_model.decoder." + kQuery + ".alpha"},
                      Convention{"bare", kQuery + ".lora_A.weight", kQuery + ".lora_B.weight", ""},
                      Convention{"kohya",
                                 "lora_unet_decoder_" + kFlatQuery + ".lora_down.weight",
                                 "lora_unet_decoder_" + kFlatQuery + ".lora_up.weight",
                                 "lora_unet_decoder_" + kFlatQuery + ".alpha"},
                      Convention{"diffusers",
                                 "transformer.layers.1.self_attn.to_q.lora_A.weight",
                                 "transformer.layers.1.self_attn.to_q.lora_B.weight",
                                 ""}),
    [](const auto& convention) { return convention.param.label; });

TEST(LoraStack, every_matrix_can_be_adapted) {
  LoraModel model;
  const TemporaryFolder folder;
  const auto file = open_adapter(folder, peft_tensors(base_matrices(), 4, 50));
  const auto outcomes = model.stack().apply(std::vector<LoraUse>{{file, 1.0}});
  EXPECT_EQ(outcomes[0].modules_matched, static_cast<int64_t>(base_matrices().size()));
  EXPECT_GT(model.stack().bytes(), 0u);
  uint32_t seed = 50;
  for (const BaseMatrix& matrix : base_matrices()) {
    const Dense down = test_matrix(4, matrix.in, ++seed);
    const Dense up = test_matrix(matrix.out, 4, ++seed);
    const Dense expected = sum(model.stored(matrix.module), product(up, down), 1.0);
    EXPECT_LT(max_difference(model.effective(matrix.module), expected), kExact) << matrix.module;
  }
}

TEST(LoraStack, strength_zero_and_removal_give_the_bits_of_no_adapter) {
  for (const Precision precision : {Precision::F32, Precision::BF16, Precision::Q8_0}) {
    LoraModel model(precision, "BF16");
    const TemporaryFolder folder;
    const std::vector<Dense> none = model.all_effective();
    const auto file = open_adapter(folder, peft_tensors(base_matrices(), 4, 50));
    const auto outcomes = model.stack().apply(std::vector<LoraUse>{{file, 0.0}});
    EXPECT_EQ(outcomes[0].modules_applied, 0);
    EXPECT_EQ(outcomes[0].modules_matched, static_cast<int64_t>(base_matrices().size()));
    expect_same_bits(model.all_effective(), none);
    model.stack().apply(std::vector<LoraUse>{{file, 1.0}});
    EXPECT_GT(max_difference(model.effective(kQuery), none[7]), 0.01);
    model.stack().apply({});
    expect_same_bits(model.all_effective(), none);
    EXPECT_EQ(model.stack().bytes(), 0u);
  }
}

TEST(LoraStack, quantised_matrix_keeps_its_values_beneath_the_adapter) {
  LoraModel model(Precision::Q8_0);
  const TemporaryFolder folder;
  const Dense before = model.effective(kQuery);
  model.stack().apply(std::vector<LoraUse>{
      {open_adapter(folder, peft_tensors({{kQuery, kHidden, kHidden}}, 4, 50)), 1.0}});
  const Dense delta = product(test_matrix(kHidden, 4, 52), test_matrix(4, kHidden, 51));
  // The adapter's matrices are bf16 then: 8 bits of values up to 0.16.
  EXPECT_LT(max_difference(model.effective(kQuery), sum(before, delta, 1.0)), 2e-3);
}

TEST(LoraStack, adapters_add_up_in_any_order) {
  LoraModel model;
  const TemporaryFolder folder;
  const auto first =
      open_adapter(folder, peft_tensors(base_matrices(), 4, 50), "", "a.safetensors");
  const auto second =
      open_adapter(folder, peft_tensors({{kQuery, kHidden, kHidden}}, 2, 9), "", "b.safetensors");
  model.stack().apply(std::vector<LoraUse>{{first, 0.85}, {second, 1.5}});
  const Dense one_way = model.effective(kQuery);
  model.stack().apply(std::vector<LoraUse>{{second, 1.5}, {first, 0.85}});
  EXPECT_LT(max_difference(model.effective(kQuery), one_way), kExact);
  model.stack().apply(std::vector<LoraUse>{{second, 1.5}});
  const Dense delta = product(test_matrix(kHidden, 2, 11), test_matrix(2, kHidden, 10));
  EXPECT_LT(max_difference(model.effective(kQuery), sum(model.stored(kQuery), delta, 1.5)), kExact);
}

TEST(LoraStack, what_stays_is_not_uploaded_again) {
  LoraModel model;
  const TemporaryFolder folder;
  const auto file = open_adapter(folder, peft_tensors(base_matrices(), 4, 50));
  model.stack().apply(std::vector<LoraUse>{{file, 1.0}});
  const Tensor down = model.store().weights()[0].adapters.at(0).down;
  model.stack().apply(std::vector<LoraUse>{{file, 0.5}});
  EXPECT_EQ(model.store().weights()[0].adapters.at(0).down.node, down.node);
  EXPECT_FLOAT_EQ(model.store().weights()[0].adapters.at(0).scale, 0.5f);
}

TEST(LoraStack, graph_built_before_a_change_keeps_its_adapters) {
  LoraModel model;
  const TemporaryFolder folder;
  model.stack().apply(
      std::vector<LoraUse>{{open_adapter(folder, peft_tensors(base_matrices(), 4, 50)), 1.0}});
  Tensor x;
  Tensor y;
  Graph graph(model.device(), [&](GraphBuilder& g) {
    x = g.input("x", {1, kHidden});
    y = g.output("y", g.linear(x, &model.store().weights()[0]));
  });
  const std::vector<float> values = test_values(kHidden, 3);
  graph.set(x, values);
  graph.run();
  const FloatArray before = graph.get(y);
  model.stack().apply({});
  graph.set(x, values);
  graph.run();
  EXPECT_EQ(graph.get(y), before);
}

TEST(LoraDora, rows_get_the_stored_norms) {
  LoraModel model;
  const TemporaryFolder folder;
  const std::string name = "base_model.model." + kValue;
  std::vector<NamedValues> tensors = peft_tensors({{kValue, kKeyWidth, kHidden}}, 4, 50);
  std::vector<float> norms = test_values(kKeyWidth, 77);
  for (float& norm : norms) norm = 1.0f + norm;
  tensors.push_back({name + ".lora_magnitude_vector", {kKeyWidth}, norms});
  const auto file = open_adapter(folder, tensors);
  EXPECT_EQ(file->kind, "dora");
  const Dense base = model.stored(kValue);
  const Dense delta = product(test_matrix(kKeyWidth, 4, 52), test_matrix(4, kHidden, 51));
  const Dense whole = with_norms(sum(base, delta, 1.0), norms, 0.0);
  const std::vector<Dense> none = model.all_effective();
  model.stack().apply(std::vector<LoraUse>{{file, 1.0}});
  EXPECT_EQ(model.stack().merged_matrices(), 1);
  EXPECT_LT(max_difference(model.effective(kValue), whole), kExact);
  // Other rows of the same fused matrix are untouched.
  EXPECT_EQ(model.effective(kQuery).values, none[7].values);
  model.stack().apply(std::vector<LoraUse>{{file, 0.5}});
  EXPECT_LT(max_difference(model.effective(kValue), sum(sum(base, base, -0.5), whole, 0.5)),
            kExact);
  model.stack().apply(std::vector<LoraUse>{{file, 0.0}});
  EXPECT_EQ(model.stack().merged_matrices(), 0);
  expect_same_bits(model.all_effective(), none);
}

TEST(LoraDora, lycoris_adds_the_epsilon_of_the_base_type_to_the_norms) {
  const std::string name = "lycoris_layers_1_self_attn_v_proj.";
  const Dense down = test_matrix(4, kHidden, 1);
  const Dense up = test_matrix(kKeyWidth, 4, 2);
  const std::vector<float> norms(kKeyWidth, 2.0f);
  const std::vector<NamedValues> tensors{named(name + "lora_down.weight", down),
                                         named(name + "lora_up.weight", up),
                                         {name + "dora_scale", {kKeyWidth, 1}, norms}};
  for (const auto& [dtype, epsilon] :
       std::vector<std::pair<std::string, double>>{{"F32", 0x1p-23}, {"BF16", 0x1p-7}}) {
    LoraModel model(Precision::F32, dtype);
    const TemporaryFolder folder;
    model.stack().apply(std::vector<LoraUse>{{open_adapter(folder, tensors), 1.0}});
    const Dense changed = sum(model.stored(kValue), product(up, down), 1.0);
    const Dense expected = with_norms(changed, norms, epsilon);
    EXPECT_LT(max_difference(model.effective(kValue), expected), kExact) << dtype;
  }
}

TEST(LoraKronecker, every_factorisation_equals_the_dense_product) {
  const std::string name = "lycoris_layers_1_self_attn_v_proj.";  // [32, 64]
  const Dense w1 = test_matrix(4, 16, 1);
  const Dense w2 = test_matrix(8, 4, 2);
  const Dense w1_a = test_matrix(4, 3, 3);
  const Dense w1_b = test_matrix(3, 16, 4);
  const Dense w2_a = test_matrix(8, 2, 5);
  const Dense w2_b = test_matrix(2, 4, 6);
  struct Case {
    std::vector<NamedValues> tensors;
    Dense delta;
    double scale;
  };
  const NamedValues alpha = number(name + "alpha", 6);
  const std::vector<Case> cases{
      {{named(name + "lokr_w1", w1), named(name + "lokr_w2", w2), number(name + "scalar", 0.5f)},
       kron(w1, w2),
       0.5},
      {{named(name + "lokr_w1", w1),
        named(name + "lokr_w2_a", w2_a),
        named(name + "lokr_w2_b", w2_b),
        alpha},
       kron(w1, product(w2_a, w2_b)),
       3.0},
      {{named(name + "lokr_w1_a", w1_a),
        named(name + "lokr_w1_b", w1_b),
        named(name + "lokr_w2", w2),
        alpha},
       kron(product(w1_a, w1_b), w2),
       2.0},
      {{named(name + "lokr_w1_a", w1_a),
        named(name + "lokr_w1_b", w1_b),
        named(name + "lokr_w2_a", w2_a),
        named(name + "lokr_w2_b", w2_b)},
       kron(product(w1_a, w1_b), product(w2_a, w2_b)),
       1.0}};
  for (const Case& c : cases) {
    LoraModel model;
    const TemporaryFolder folder;
    model.stack().apply(std::vector<LoraUse>{{open_adapter(folder, c.tensors), 0.75}});
    const Dense expected = sum(model.stored(kValue), c.delta, 0.75 * c.scale);
    EXPECT_LT(max_difference(model.effective(kValue), expected), kExact);
  }
}

TEST(LoraKronecker, merged_matrix_is_encoded_as_the_base_and_restored_bit_for_bit) {
  const std::string name = "lycoris_layers_1_self_attn_q_proj.";
  const Dense w1 = test_matrix(8, 8, 1);
  const Dense w2 = test_matrix(8, 8, 2);
  for (const Precision precision : {Precision::BF16, Precision::Q8_0}) {
    LoraModel model(precision, "BF16");
    const TemporaryFolder folder;
    const std::vector<Dense> none = model.all_effective();
    const size_t bytes = model.store().bytes();
    const auto lokr =
        open_adapter(folder, {named(name + "lokr_w1", w1), named(name + "lokr_w2", w2)});
    model.stack().apply(std::vector<LoraUse>{{lokr, 1.0}});
    EXPECT_EQ(model.store().bytes(), bytes);
    const Dense expected = sum(model.stored(kQuery), kron(w1, w2), 1.0);
    EXPECT_LT(max_difference(model.effective(kQuery), expected), 2e-3);
    EXPECT_GT(max_difference(model.effective(kQuery), none[7]), 0.01);
    model.stack().apply({});
    expect_same_bits(model.all_effective(), none);
  }
}

TEST(LoraKronecker, merged_and_low_rank_adapters_of_one_matrix_add_up) {
  LoraModel model;
  const TemporaryFolder folder;
  const std::string name = "lycoris_layers_1_self_attn_q_proj.";
  const Dense w1 = test_matrix(8, 8, 1);
  const Dense w2 = test_matrix(8, 8, 2);
  const auto lokr = open_adapter(
      folder, {named(name + "lokr_w1", w1), named(name + "lokr_w2", w2)}, "", "k.safetensors");
  const auto lora = open_adapter(folder, peft_tensors({{kQuery, kHidden, kHidden}}, 4, 50));
  const Dense low_rank = product(test_matrix(kHidden, 4, 52), test_matrix(4, kHidden, 51));
  const Dense expected = sum(sum(model.stored(kQuery), low_rank, 0.5), kron(w1, w2), 2.0);
  model.stack().apply(std::vector<LoraUse>{{lokr, 1.0}, {lora, 0.5}, {lokr, 1.0}});
  EXPECT_LT(max_difference(model.effective(kQuery), expected), kExact);
  model.stack().apply(std::vector<LoraUse>{{lora, 0.5}});
  EXPECT_LT(max_difference(model.effective(kQuery), sum(model.stored(kQuery), low_rank, 0.5)),
            kExact);
}

TEST(LoraStackErrors, partial_matches_are_counted_and_the_rest_is_listed) {
  LoraModel model;
  const TemporaryFolder folder;
  std::vector<NamedValues> tensors = peft_tensors(
      {{kQuery, kHidden, kHidden}, {"layers.9.self_attn.q_proj", kHidden, kHidden}}, 4, 1);
  tensors.push_back({"base_model.model.layers.0.mlp.bias", {1}, {1}});
  const auto outcomes =
      model.stack().apply(std::vector<LoraUse>{{open_adapter(folder, tensors), 1.0}});
  EXPECT_EQ(outcomes[0].modules_applied, 1);
  EXPECT_THAT(outcomes[0].unmatched,
              ElementsAre("base_model.model.layers.0.mlp.bias", "layers.9.self_attn.q_proj"));
}

TEST(LoraStackErrors, adapter_of_another_size_says_what_it_was_made_for) {
  LoraModel model;
  const TemporaryFolder folder;
  const std::vector<Dense> none = model.all_effective();
  const auto good =
      open_adapter(folder, peft_tensors({{kQuery, kHidden, kHidden}}, 4, 1), "", "g.safetensors");
  const auto other =
      open_adapter(folder,
                   peft_tensors({{"layers.0.mlp.up_proj", 9728, 2560}, {kQuery, 4096, 2560}}, 2, 1),
                   "",
                   "xl.safetensors");
  expect_error(ErrorCode::Unsupported,
               "xl changes 'layers.0.mlp.up_proj' of shape [9728, 2560], but this model has "
               "[96, 64]; made for hidden size 2560 (XL); this model has 64",
               [&] {
                 model.stack().apply(std::vector<LoraUse>{{good, 1.0}, {other, 1.0}});
               });
  expect_same_bits(model.all_effective(), none);
}

TEST(LoraStackErrors, adapter_without_any_match_is_refused_even_at_strength_zero) {
  LoraModel model;
  const TemporaryFolder folder;
  const auto file =
      open_adapter(folder, peft_tensors({{"layers.9.self_attn.q_proj", kHidden, kHidden}}, 4, 1));
  expect_error(ErrorCode::Unsupported, "none of the 1 modules of adapter", [&] {
    model.stack().apply(std::vector<LoraUse>{{file, 0.0}});
  });
}

TEST(LoraStackErrors, strength_outside_its_range_is_refused) {
  LoraModel model;
  const TemporaryFolder folder;
  const auto file = open_adapter(folder, peft_tensors({{kQuery, kHidden, kHidden}}, 4, 1));
  for (const double strength : {-0.1, 1.51, std::nan("")}) {
    expect_error(ErrorCode::InvalidRequest, "expected 0 to 1.5", [&] {
      model.stack().apply(std::vector<LoraUse>{{file, strength}});
    });
  }
}

TEST(LoraStackErrors, values_that_are_not_numbers_leave_the_model_without_adapters) {
  LoraModel model;
  const TemporaryFolder folder;
  const std::vector<Dense> none = model.all_effective();
  const std::string name = "lycoris_layers_1_self_attn_q_proj.";
  const auto lokr = open_adapter(folder,
                                 {named(name + "lokr_w1", test_matrix(8, 8, 1)),
                                  named(name + "lokr_w2", test_matrix(8, 8, 2))},
                                 "",
                                 "k.safetensors");
  std::vector<NamedValues> tensors = peft_tensors({{kQuery, kHidden, kHidden}}, 4, 1);
  tensors[1].values[5] = std::nanf("");
  const auto bad = open_adapter(folder, tensors);
  expect_error(ErrorCode::CorruptFile, "holds nan at element 5", [&] {
    model.stack().apply(std::vector<LoraUse>{{lokr, 1.0}, {bad, 1.0}});
  });
  expect_same_bits(model.all_effective(), none);
}

}  // namespace
}  // namespace ams
