// The published checkpoints by their recorded names and shapes: every tensor is claimed exactly
// once.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "nets/acestep_model.h"
#include "nets/oobleck.h"
#include "nets/qwen_lm.h"
#include "nets/qwen_text_encoder.h"

namespace ams {
namespace {

// Names and shapes without values.
class TensorList : public WeightFile {
 public:
  explicit TensorList(const std::string& name) : name_(name) {
    const Json list = Json::parse_file(std::string(AMS_TEST_SOURCE_DIR) +
                                       "/tests/golden/data/official_tensors/" + name + ".json");
    const Json tensors = list.contains("tensors") ? list.at("tensors") : list;
    tensors.for_each_member([&](const std::string& tensor, const Json& facts) {
      const Json shape = facts.contains("shape") ? facts.at("shape") : facts;
      StoredTensor stored;
      stored.name = tensor;
      for (int64_t i = 0; i < shape.size(); ++i) stored.shape.push_back(shape.at(i).as_int());
      tensors_.push_back(stored);
    });
  }
  void remove_last() { tensors_.pop_back(); }

  std::span<const StoredTensor> tensors() const override { return tensors_; }
  const StoredTensor* find(std::string_view name) const override {
    for (const StoredTensor& tensor : tensors_) {
      if (tensor.name == name) return &tensor;
    }
    return nullptr;
  }
  std::string description() const override { return name_; }

 private:
  std::string name_;
  std::vector<StoredTensor> tensors_;
};

AceStepConfig xl_config() {
  return AceStepConfig::parse(
      Json::parse(R"({"hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 32,
                      "num_attention_heads": 32, "encoder_hidden_size": 2048,
                      "encoder_intermediate_size": 6144, "encoder_num_attention_heads": 16,
                      "encoder_num_key_value_heads": 8, "is_turbo": false})",
                  "xl"),
      "acestep-v15-xl-sft");
}

QwenConfig qwen_config(
    int64_t hidden, int64_t intermediate, int64_t layers, int64_t heads, int64_t vocabulary) {
  QwenConfig config;
  config.hidden_size = hidden;
  config.intermediate_size = intermediate;
  config.num_hidden_layers = layers;
  config.num_attention_heads = heads;
  config.num_key_value_heads = 8;
  config.head_dim = 128;
  config.vocab_size = vocabulary;
  return config;
}

class OfficialTensors : public testing::Test {
 protected:
  std::unique_ptr<Device> device_ = Device::open({"cpu", 1});
  WeightStore store_;
};

TEST_F(OfficialTensors, xl_song_model) {
  AceStepModel model(xl_config(), *device_);
  TensorList list("acestep-v15-xl");
  EXPECT_EQ(list.tensors().size(), 829u);
  EXPECT_NO_THROW(model.store().check(list));
  list.remove_last();
  EXPECT_THROW(model.store().check(list), Error);
}

TEST_F(OfficialTensors, smaller_song_model) {
  AceStepModel model(AceStepConfig::parse(Json::parse("{}", "2b"), "acestep-v15-sft"), *device_);
  const TensorList list("acestep-v15-2b");
  EXPECT_EQ(list.tensors().size(), 677u);
  EXPECT_NO_THROW(model.store().check(list));
  EXPECT_THROW(model.store().check(TensorList("acestep-v15-xl")), Error);
}

TEST_F(OfficialTensors, codec) {
  const Oobleck codec(store_.root(), OobleckConfig{}, *device_, Precision::BF16);
  EXPECT_NO_THROW(store_.check(TensorList("vae")));
}

TEST_F(OfficialTensors, text_encoder) {
  const QwenTextEncoder encoder(store_.root(), qwen_config(1024, 3072, 28, 16, 151669), *device_);
  EXPECT_NO_THROW(store_.check(TensorList("Qwen3-Embedding-0.6B")));
}

TEST_F(OfficialTensors, planners) {
  const struct {
    const char* name;
    QwenConfig config;
  } planners[] = {
      {"acestep-5Hz-lm-0.6B", qwen_config(1024, 3072, 28, 16, 217204)},
      {"acestep-5Hz-lm-1.7B", qwen_config(2048, 6144, 28, 16, 217204)},
      {"acestep-5Hz-lm-4B", qwen_config(2560, 9728, 36, 32, 217204)},
  };
  for (const auto& planner : planners) {
    WeightStore store;
    const QwenLm lm(store.root(), planner.config, *device_, /*exact_caches=*/false);
    EXPECT_NO_THROW(store.check(
        *rename_weights(std::make_shared<TensorList>(planner.name),
                        [](std::string_view name) {
                          return std::string(name.starts_with("model.") ? name.substr(6) : name);
                        })))
        << planner.name;
  }
}

TEST_F(OfficialTensors, lyrics_writer) {
  QwenConfig config = qwen_config(3584, 18944, 28, 28, 152064);
  config.num_key_value_heads = 4;
  config.tie_word_embeddings = false;
  config.projection = ProjectionKind::Bias;
  const QwenLm lm(store_.root(), config, *device_, /*exact_caches=*/false);
  EXPECT_NO_THROW(store_.check(*rename_weights(
      std::make_shared<TensorList>("Qwen2.5-7B-Instruct"), [](std::string_view name) {
        return std::string(name.starts_with("model.") ? name.substr(6) : name);
      })));
}

// What make_checkpoint() writes: the published names, no more and no fewer.
TEST_F(OfficialTensors, stores_list_every_published_tensor) {
  AceStepModel model(AceStepConfig::parse(Json::parse("{}", "2b"), "acestep-v15-sft"), *device_);
  std::vector<WeightPart> parts = model.store().stored_parts();
  const auto ignored = model.store().ignored_parts();
  parts.insert(parts.end(), ignored.begin(), ignored.end());
  const TensorList list("acestep-v15-2b");
  EXPECT_EQ(parts.size(), list.tensors().size());
  for (const WeightPart& part : parts) {
    const StoredTensor* tensor = list.find(part.name);
    ASSERT_NE(tensor, nullptr) << part.name;
    EXPECT_EQ(tensor->shape, part.shape) << part.name;
  }
}

}  // namespace
}  // namespace ams
