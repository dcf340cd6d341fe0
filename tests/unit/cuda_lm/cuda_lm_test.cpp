// Sessions on the emulated card against the same calls on ggml.
#include "nets/cuda_lm.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "cuda/device_values.h"
#include "cuda/emulator/emulated_queue.h"
#include "cuda_lm/native_lm_emulated.h"

namespace ams {
namespace {

using cuda::relative_error;

QwenConfig small_config(ProjectionKind projection) {
  QwenConfig config;
  config.hidden_size = 64;
  config.intermediate_size = 96;
  config.num_hidden_layers = 2;
  config.num_attention_heads = 6;
  config.num_key_value_heads = 2;
  config.head_dim = 16;
  config.vocab_size = 141;
  config.max_position_embeddings = 2048;
  config.tie_word_embeddings = projection == ProjectionKind::QkNorm;
  config.projection = projection;
  return config;
}

// Rows that the K formats fit.
QwenConfig wide_config() {
  QwenConfig config = small_config(ProjectionKind::Bias);
  config.hidden_size = 256;
  config.intermediate_size = 512;
  config.num_attention_heads = 4;
  config.num_key_value_heads = 1;
  config.head_dim = 64;
  config.num_hidden_layers = 1;
  return config;
}

std::vector<int32_t> some_tokens(size_t count, int32_t vocabulary) {
  std::vector<int32_t> tokens(count);
  for (size_t i = 0; i < count; ++i) {
    tokens[i] = static_cast<int32_t>((i * 7919 + 13) % static_cast<size_t>(vocabulary));
  }
  return tokens;
}

// Every kind of call once; all logits that came.
std::vector<float> use_session(CausalLm& lm) {
  const auto session = lm.open({2, 40});
  std::vector<float> all;
  const std::vector<int32_t> tokens = some_tokens(25, static_cast<int32_t>(lm.vocab_size()));
  const auto keep = [&](const auto& call) {
    std::vector<float> logits;
    call(logits);
    all.insert(all.end(), logits.begin(), logits.end());
  };
  const auto room = [&](std::vector<float>& logits, int64_t rows) -> std::span<float> {
    logits.resize(static_cast<size_t>(rows * session->num_logits()));
    return logits;
  };
  const std::span<const int32_t> prompt(tokens);
  keep([&](auto& logits) { session->prefill(0, prompt.first(19), room(logits, 1)); });
  session->fork(0, 1, 11);
  session->set_output_rows({.begin = 40, .end = 123, .extra = {140, 2}});
  keep([&](auto& logits) { session->prefill_all(1, prompt.subspan(11, 3), room(logits, 3)); });
  for (int32_t i = 0; i < 4; ++i) {
    const std::vector<int32_t> next{i, 7 + i};
    keep([&](auto& logits) { session->step(next, room(logits, 2)); });
  }
  session->truncate(0, 5);
  session->set_output_rows({});
  for (size_t i = 0; i < 3; ++i) {
    keep([&](auto& logits) { session->prefill(0, prompt.subspan(20 + i, 1), room(logits, 1)); });
  }
  EXPECT_EQ(session->length(0), 8);
  EXPECT_EQ(session->length(1), 18);
  return all;
}

double difference(const QwenConfig& config, Precision precision, bool exact_caches) {
  std::vector<float> results[2];
  for (const bool native : {false, true}) {
    EmulatedLm model(config, native, exact_caches);
    model.store.load_random(5, *model.device, precision);
    results[native ? 1 : 0] = use_session(model.lm);
  }
  return relative_error(results[1], results[0]);
}

TEST(CudaLmTest, agrees_with_ggml_in_fp32) {
  for (const ProjectionKind kind : {ProjectionKind::QkNorm, ProjectionKind::Bias}) {
    EXPECT_LT(difference(small_config(kind), Precision::F32, /*exact_caches=*/true), 1e-5);
  }
}

TEST(CudaLmTest, agrees_with_ggml_in_bf16) {
  for (const ProjectionKind kind : {ProjectionKind::QkNorm, ProjectionKind::Bias}) {
    EXPECT_LT(difference(small_config(kind), Precision::BF16, /*exact_caches=*/false), 1e-2);
  }
}

TEST(CudaLmTest, agrees_with_ggml_in_quantised_formats) {
  // ggml rounds the activations to eight bits as well.
  for (const Precision precision :
       {Precision::Q8_0, Precision::Q6_K, Precision::Q5_K, Precision::Q4_K}) {
    EXPECT_LT(difference(wide_config(), precision, /*exact_caches=*/false), 3e-2);
  }
}

// A long prompt goes through wide passes of bf16 activations, its pieces through narrow ones.
TEST(CudaLmTest, reads_long_prompts_as_short_ones) {
  QwenConfig config = small_config(ProjectionKind::Bias);
  config.num_hidden_layers = 1;
  EmulatedLm model(config, /*native=*/true, /*exact_caches=*/false);
  model.store.load_random(5, *model.device, Precision::BF16);
  const std::vector<int32_t> tokens = some_tokens(262, 141);
  const auto session = model.lm.open({1, 280});
  std::vector<float> at_once(141);
  session->prefill(0, tokens, at_once);
  session->truncate(0, 0);
  std::vector<float> in_pieces(141);
  for (size_t i = 0; i < tokens.size(); i += 8) {
    const size_t count = std::min<size_t>(8, tokens.size() - i);
    session->prefill(0, std::span<const int32_t>(tokens).subspan(i, count), in_pieces);
  }
  EXPECT_LT(relative_error(at_once, in_pieces), 1e-2);
}

TEST(CudaLmTest, counts_the_same_memory_when_it_only_measures) {
  const QwenConfig config = small_config(ProjectionKind::QkNorm);
  size_t counted[2] = {};
  for (const bool measures : {false, true}) {
    const std::unique_ptr<Device> device = open_emulated(/*native=*/true);
    const std::unique_ptr<Device> measuring = device->measuring();
    const Device& used = measures ? *measuring : *device;
    WeightStore store;
    QwenLm lm(store.root(), config, used, /*exact_caches=*/false);
    store.load_random(5, used, Precision::BF16);
    use_session(lm);
    counted[measures ? 1 : 0] = used.meter().peak();
  }
  EXPECT_EQ(counted[0], counted[1]);
}

TEST(CudaLmTest, says_when_the_card_is_full) {
  EmulatedLm model(small_config(ProjectionKind::QkNorm), /*native=*/true, /*exact_caches=*/false);
  model.store.load_random(5, *model.device, Precision::BF16);
  CudaLm lm(model.lm, [](const void*) {
    auto queue = std::make_unique<simt::EmulatedQueue>();
    queue->limit_allocations(size_t{1} << 16);
    return queue;
  });
  try {
    lm.open({1, 64});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::OutOfMemory);
  }
}

TEST(CudaLmTest, hands_to_ggml_what_it_does_not_fit) {
  QwenConfig config = small_config(ProjectionKind::QkNorm);
  config.head_dim = 24;
  EmulatedLm model(config, /*native=*/true, /*exact_caches=*/true);
  model.store.load_random(5, *model.device, Precision::F32);
  bool asked = false;
  CudaLm lm(model.lm, [&](const void*) {
    asked = true;
    return std::make_unique<simt::EmulatedQueue>();
  });
  EXPECT_EQ(lm.misfit(), "head_dim is 24");
  EXPECT_FALSE(use_session(lm).empty());
  EXPECT_FALSE(asked);
}

TEST(CudaLmTest, refuses_tokens_and_contexts_that_do_not_fit) {
  EmulatedLm model(small_config(ProjectionKind::QkNorm), /*native=*/true, /*exact_caches=*/false);
  model.store.load_random(5, *model.device, Precision::BF16);
  const auto session = model.lm.open({1, 10});
  std::vector<float> logits(141);
  const std::vector<int32_t> unknown{141};
  EXPECT_THROW(session->prefill(0, unknown, logits), Error);
  EXPECT_THROW(session->prefill(0, some_tokens(257, 141), logits), Error);
  EXPECT_THROW(session->set_output_rows({.begin = 5, .end = 142, .extra = {}}), Error);
  EXPECT_THROW(session->fork(0, 0, 1), Error);
  EXPECT_THROW(model.lm.open({1, 4096}), Error);
  EXPECT_EQ(session->length(0), 0);
}

}  // namespace
}  // namespace ams
