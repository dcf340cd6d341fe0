// Which folders make up a song model, above all beside the built-in one, whose sizes are the same.
#include "studio/models/song_model_files.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "studio/models/model_uses.h"
#include "studio/studio_survey.h"
#include "support/temporary_folder.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

class SongModelFilesTest : public testing::Test {
 protected:
  void add(const std::string& folder, const std::string& config) {
    fs::create_directories(root_.path() / folder);
    root_.write(folder + "/config.json", config);
    root_.write(folder + "/model.safetensors", "w");
  }
  void add_model(const std::string& home,
                 const std::string& song,
                 const std::string& vae,
                 const std::string& text,
                 const std::string& planner) {
    add(home + song, R"({"audio_acoustic_hidden_dim": 64, "text_hidden_dim": 256})");
    add(home + vae, R"({"_class_name": "AutoencoderOobleck", "decoder_input_channels": 64})");
    add(home + text, R"({"model_type": "qwen3", "hidden_size": 256})");
    add(home + planner, R"({"model_type": "qwen3"})");
  }
  void add_built_in() {
    add_model(
        "demo/", "acestep-v15-demo", "vae-demo", "Qwen3-Embedding-demo", "acestep-5Hz-lm-demo");
  }
  void add_full() {
    add_model("", "acestep-v15-xl-sft", "vae", "Qwen3-Embedding-0.6B", "acestep-5Hz-lm-1.7B");
  }
  SongModelFiles find(const std::string& model) const {
    return find_song_model(model, "", std::vector<fs::path>{root_.path()});
  }
  TemporaryFolder root_;
};

TEST_F(SongModelFilesTest, the_built_in_model_plays_when_nothing_else_is_installed) {
  add_built_in();
  const SongModelFiles files = find("");
  EXPECT_EQ(files.name, "demo");
  EXPECT_TRUE(is_built_in(files.dit));
  EXPECT_EQ(files.vae.filename(), "vae-demo");
  EXPECT_EQ(files.planner.value_or("").filename(), "acestep-5Hz-lm-demo");
}

TEST_F(SongModelFilesTest, parts_of_the_built_in_model_serve_no_other) {
  add_built_in();
  add_full();
  const SongModelFiles full = find("");
  EXPECT_EQ(full.name, "acestep-v15-xl-sft");
  EXPECT_EQ(full.vae.filename(), "vae");
  EXPECT_EQ(full.text_encoder.filename(), "Qwen3-Embedding-0.6B");
  EXPECT_EQ(full.planner.value_or("").filename(), "acestep-5Hz-lm-1.7B");
  const SongModelFiles built_in = find("demo");
  EXPECT_EQ(built_in.vae.filename(), "vae-demo");
  EXPECT_EQ(built_in.text_encoder.filename(), "Qwen3-Embedding-demo");
  EXPECT_EQ(built_in.planner.value_or("").filename(), "acestep-5Hz-lm-demo");
}

TEST_F(SongModelFilesTest, a_full_model_without_its_vae_is_not_helped_by_the_built_in_one) {
  add_built_in();
  add_full();
  fs::remove_all(root_.path() / "vae");
  EXPECT_THROW(find("acestep-v15-xl-sft"), Error);
}

TEST_F(SongModelFilesTest, the_built_in_model_is_called_that) {
  add_built_in();
  const std::vector<fs::path> folders{root_.path()};
  const std::vector<ModelUse> uses = model_uses(folders);
  EXPECT_NE(uses.at(0).note.find(kBuiltInModel), std::string::npos);
  EXPECT_NE(uses.at(0).note.find("ams pull xl-sft"), std::string::npos);
  EngineOptions options;
  options.device = "cpu";
  options.model_folders = folders;
  const EngineSurvey survey = survey_engine(options);
  EXPECT_TRUE(survey.is_built_in);
  // The page shows what it knows of the model whose name the engine tells.
  bool is_listed = false;
  for (const StudioModel& model : survey_models(folders, {})) {
    is_listed = is_listed || (model.name == survey.facts.model && model.is_built_in);
  }
  EXPECT_TRUE(is_listed);
  add_full();
  EXPECT_EQ(model_uses(folders).at(0).note, "");
  EXPECT_FALSE(survey_engine(options).is_built_in);
}

}  // namespace
}  // namespace ams
