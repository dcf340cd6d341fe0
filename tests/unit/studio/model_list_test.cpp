#include "studio/models/model_list.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;
using testing::SizeIs;

class ModelList : public testing::Test {
 protected:
  ~ModelList() override { fs::remove_all(root_); }

  void add(const std::string& folder, const std::string& config, size_t weight_bytes) {
    fs::create_directories(root_ / folder);
    std::ofstream(root_ / folder / "config.json") << config;
    if (weight_bytes == 0) return;
    std::ofstream(root_ / folder / "model.safetensors") << std::string(weight_bytes, 'w');
  }

  std::vector<ModelEntry> list() const { return list_models(std::vector<fs::path>{root_}); }

  fs::path root_ = fs::path(testing::TempDir()) / ("ams_model_list_" + std::to_string(getpid()));
};

TEST_F(ModelList, tells_roles_by_configuration) {
  add("acestep-v15-sft", R"({"audio_acoustic_hidden_dim": 64, "model_type": "acestep"})", 10);
  add("acestep-5Hz-lm-1.7B", R"({"model_type": "qwen3"})", 20);
  add("Qwen3-Embedding-0.6B", R"({"model_type": "qwen3"})", 30);
  add("vae", R"({"_class_name": "AutoencoderOobleck"})", 40);
  add("Qwen2.5-7B-Instruct", R"({"model_type": "qwen2"})", 0);
  const auto models = list();
  ASSERT_THAT(models, SizeIs(5));
  EXPECT_EQ(models[0].role, ModelRole::Song);
  EXPECT_EQ(models[0].name, "acestep-v15-sft");
  EXPECT_EQ(models[0].weight_bytes, 10);
  EXPECT_EQ(models[1].role, ModelRole::Planner);
  EXPECT_EQ(models[2].role, ModelRole::TextEncoder);
  EXPECT_EQ(models[3].role, ModelRole::Vae);
  EXPECT_EQ(models[4].role, ModelRole::Lyrics);
  EXPECT_EQ(models[4].weight_bytes, 0);
}

TEST_F(ModelList, reads_hub_caches) {
  const std::string song = R"({"audio_acoustic_hidden_dim": 64})";
  add("models--ACE-Step--acestep-v15-xl-sft/snapshots/0123abcd", song, 10);
  add("models--ACE-Step--Ace-Step1.5/snapshots/89ef/vae",
      R"({"_class_name": "AutoencoderOobleck"})",
      10);
  const auto models = list();
  ASSERT_THAT(models, SizeIs(2));
  EXPECT_EQ(models[0].name, "acestep-v15-xl-sft");
  EXPECT_EQ(models[1].name, "vae");
}

TEST_F(ModelList, leaves_out_what_it_does_not_understand) {
  add("broken", "{", 10);
  add("other", R"({"model_type": "bert"})", 10);
  add("list", "[]", 10);
  EXPECT_THAT(list(), IsEmpty());
  EXPECT_THAT(list_models(std::vector<fs::path>{root_ / "none"}), IsEmpty());
}

TEST_F(ModelList, first_folder_wins) {
  add("a/vae", R"({"_class_name": "AutoencoderOobleck"})", 1);
  add("b/vae", R"({"_class_name": "AutoencoderOobleck"})", 2);
  const auto models = list_models(std::vector<fs::path>{root_ / "b", root_ / "a"});
  ASSERT_THAT(models, SizeIs(1));
  EXPECT_EQ(models[0].weight_bytes, 2);
}

}  // namespace
}  // namespace ams
