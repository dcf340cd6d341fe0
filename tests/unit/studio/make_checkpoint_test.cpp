// Random checkpoints: the published layout, and songs from them.
#include "studio/weights/make_checkpoint.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/error.h"
#include "nets/acestep_model.h"
#include "studio/bench/network_sizes.h"
#include "studio/engine.h"
#include "studio/models/song_model.h"
#include "studio/weights/checkpoint_config.h"
#include "studio/weights/random_weights.h"
#include "support/temporary_folder.h"
#include "tensor/safetensors.h"
#include "tensor/safetensors_writer.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

class MakeCheckpoint : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    make_checkpoint({"tiny", root()}, {});
  }
  static void TearDownTestSuite() { folder_.reset(); }
  static fs::path root() { return folder_->path() / "model"; }
  static inline std::unique_ptr<TemporaryFolder> folder_;
};

TEST_F(MakeCheckpoint, loads_as_published_files_do) {
  const auto device = Device::open({"cpu", 1});
  SongModel model(find_song_model(root().string(), "", {}), *device, {});
  model.load({});
  EXPECT_EQ(model.planner({}).grammar->num_codes(), 64000);
}

TEST_F(MakeCheckpoint, sings) {
  EngineOptions options;
  options.model = root().string();
  options.device = "cpu";
  GenerateRequest request;
  request.prompt = "anything";
  request.duration_seconds = 5;
  request.seed = 1;
  request.advanced.inference_steps = 8;
  request.lm.use_cot_metas = false;  // random words are long in coming
  SongRequest validated = request;
  validate(validated);
  const SongResult result = Engine::open(options)->generate(validated, {});
  EXPECT_EQ(result.audio.length(), 5 * 48000);
  EXPECT_TRUE(result.report.lm_used);
  double square = 0.0;
  for (const float sample : result.audio.samples.data) {
    ASSERT_TRUE(std::isfinite(sample));
    square += static_cast<double>(sample) * static_cast<double>(sample);
  }
  EXPECT_GT(square, 1.0);
}

TEST_F(MakeCheckpoint, nothing_is_overwritten) {
  EXPECT_THROW(make_checkpoint({"tiny", root()}, {}), Error);
  EXPECT_THROW(make_checkpoint({"huge", root()}, {}), Error);
}

TEST_F(MakeCheckpoint, configurations_read_back_as_they_were) {
  for (const std::string& name : network_size_names()) {
    const NetworkSizes sizes = network_sizes(name);
    const AceStepConfig song = AceStepConfig::parse(config_json(sizes.song), "acestep-v15-" + name);
    EXPECT_EQ(song.hidden_size, sizes.song.hidden_size) << name;
    EXPECT_EQ(song.encoder_hidden_size, sizes.song.encoder_hidden_size) << name;
    EXPECT_EQ(song.has_timbre_token, sizes.song.has_timbre_token) << name;
    EXPECT_EQ(song.kind, sizes.song.kind) << name;
    EXPECT_EQ(QwenConfig::parse(config_json(sizes.planner)).vocab_size, sizes.planner.vocab_size);
    EXPECT_EQ(OobleckConfig::parse(config_json(sizes.codec)).decoder_channels,
              sizes.codec.decoder_channels);
  }
}

TEST_F(MakeCheckpoint, shards_and_index_hold_what_one_file_holds) {
  const RandomWeights random(3);
  std::vector<TensorRecipe> recipes;
  for (const char* name : {"a.weight", "b.weight", "c.weight", "d.weight", "e.weight"}) {
    recipes.push_back(random.recipe({name, {64, 48}}, DType::F32));
  }
  write_sharded_safetensors(folder_->path(), "sharded", recipes, 4);
  write_safetensors(folder_->path() / "whole.safetensors", recipes);
  const auto shards = open_safetensors_index(folder_->path() / "sharded.safetensors.index.json");
  const auto whole = open_safetensors(folder_->path() / "whole.safetensors");
  EXPECT_TRUE(fs::exists(folder_->path() / "sharded-00004-of-00004.safetensors"));
  ASSERT_EQ(shards->tensors().size(), recipes.size());
  for (const StoredTensor& tensor : whole->tensors()) {
    EXPECT_EQ(to_float(*shards->find(tensor.name)), to_float(tensor)) << tensor.name;
  }
}

TEST_F(MakeCheckpoint, values_depend_on_seed_and_name_alone_and_fit_bf16) {
  const auto values = [](uint64_t seed, const std::string& name, DType dtype) {
    const RandomWeights random(seed);
    TemporaryFolder folder;
    const std::vector<TensorRecipe> recipes{random.recipe({name, {300, 100}}, dtype)};
    write_safetensors(folder.path() / "x.safetensors", recipes);
    return to_float(*open_weights(folder.path() / "x.safetensors")->find(name));
  };
  const std::vector<float> first = values(1, "a.weight", DType::F32);
  EXPECT_EQ(values(1, "a.weight", DType::BF16), first);
  EXPECT_NE(values(2, "a.weight", DType::F32), first);
  EXPECT_NE(values(1, "b.weight", DType::F32), first);
  EXPECT_EQ(values(1, "norm.weight", DType::F32), std::vector<float>(30000, 1.0f));
}

}  // namespace
}  // namespace ams
