// What is in memory under each measure, and that no measure changes a song.
#include <algorithm>
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/philox.h"
#include "studio/engine.h"
#include "studio/models/song_model.h"

namespace ams {
namespace {

const std::filesystem::path kCheckpoints =
    std::filesystem::path(AMS_TEST_SOURCE_DIR) / "tests/golden/data/checkpoints";

FloatArray noise(std::vector<int64_t> shape) {
  FloatArray array(std::move(shape));
  PhiloxStream(1, RandomPurpose::Noise).fill_normal(array.data);
  return array;
}

class SongModelMemory : public testing::Test {
 protected:
  size_t bytes_after(const std::function<void(SongNetworks&)>& work) {
    SongNetworks networks = model_.networks({});
    work(networks);
    return model_.weight_bytes();
  }
  size_t text_bytes() {
    return bytes_after([](SongNetworks& n) { n.text_encoder->encode(std::vector<int32_t>{1, 2}); });
  }
  size_t codec_bytes() {
    return bytes_after([](SongNetworks& n) {
      n.codec->decode(FloatArray({1, n.codec->latent_channels(), 8}), {});
    });
  }

  std::unique_ptr<Device> device_ = Device::open({"cpu", 1});
  SongModel model_{find_song_model(kCheckpoints.string(), "", {}), *device_, {}};
};

TEST_F(SongModelMemory, nothing_is_read_before_it_is_used) {
  const SongNetworks networks = model_.networks({});
  EXPECT_EQ(networks.codec->hop_samples(), 1920);
  EXPECT_EQ(networks.denoiser->latent_channels(), 16);
  EXPECT_EQ(model_.weight_bytes(), 0u);
}

TEST_F(SongModelMemory, networks_stay_beside_each_other_by_default) {
  const size_t text = text_bytes();
  EXPECT_GT(codec_bytes(), text);
}

TEST_F(SongModelMemory, one_network_at_a_time_drops_the_others) {
  MemoryMeasures measures;
  measures.keeps_one_network = true;
  model_.use(measures);
  const size_t text = text_bytes();
  const size_t codec = codec_bytes();
  EXPECT_NE(codec, text);
  EXPECT_EQ(text_bytes(), text);
  EXPECT_EQ(device_->meter().current(), text);
}

TEST_F(SongModelMemory, the_planner_alone_leaves_for_the_others) {
  MemoryMeasures measures;
  measures.drops_planner = true;
  model_.use(measures);
  model_.planner({});
  const size_t planner = model_.weight_bytes();
  const size_t text = text_bytes();
  EXPECT_GT(codec_bytes(), text);  // these two stay together
  model_.planner({});
  EXPECT_EQ(model_.weight_bytes(), planner);
}

TEST_F(SongModelMemory, a_bound_song_model_is_not_dropped) {
  MemoryMeasures measures;
  measures.keeps_one_network = true;
  model_.use(measures);
  const size_t codec = codec_bytes();
  const SongNetworks networks = model_.networks({});
  const int64_t width = networks.denoiser->encoder_hidden_size();
  auto bound = networks.denoiser->bind({noise({1, 5, width}), noise({1, 128, 32})});
  const size_t song = model_.weight_bytes();
  EXPECT_GT(text_bytes(), song);
  std::vector<float> velocity(128 * 16);
  bound->velocity(velocity, 0.5f, velocity, {});
  bound.reset();
  EXPECT_EQ(codec_bytes(), codec);
}

TEST_F(SongModelMemory, split_guidance_gives_the_same_velocities) {
  const SongNetworks networks = model_.networks({});
  const DenoiserConditions conditions{noise({1, 9, networks.denoiser->encoder_hidden_size()}),
                                      noise({1, 131, 32})};
  const FloatArray latents = noise({1, 131, 16});
  std::vector<std::vector<float>> results;
  for (const bool split : {false, true}) {
    MemoryMeasures measures;
    measures.splits_guidance = split;
    model_.use(measures);
    std::vector<float> conditional(latents.data.size());
    std::vector<float> unconditional = conditional;
    networks.denoiser->bind(conditions)->velocity(latents.data, 0.7f, conditional, unconditional);
    conditional.insert(conditional.end(), unconditional.begin(), unconditional.end());
    results.push_back(conditional);
  }
  double difference = 0.0, size = 0.0;
  for (size_t i = 0; i < results[0].size(); ++i) {
    difference += std::pow(results[0][i] - results[1][i], 2.0);
    size += std::pow(results[0][i], 2.0);
  }
  EXPECT_LT(std::sqrt(difference / size), 1e-4);
}

TEST_F(SongModelMemory, an_engine_with_a_tight_limit_refuses_with_numbers) {
  EngineOptions options;
  options.model = kCheckpoints.string();
  options.device = "cpu";
  options.memory_limit = "2M";
  GenerateRequest request;
  request.prompt = "piano";
  SongRequest validated = request;
  validate(validated);
  try {
    Engine::open(options)->generate(validated, {});
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::OutOfMemory);
    EXPECT_NE(std::string(error.what()).find("2.00 MiB are available"), std::string::npos)
        << error.what();
  }
  options.memory_limit = "much";
  EXPECT_THROW(Engine::open(options), Error);
}

TEST_F(SongModelMemory, an_engine_shows_its_plan) {
  EngineOptions options;
  options.model = kCheckpoints.string();
  options.device = "cpu";
  const auto engine = Engine::open(options);
  EXPECT_FALSE(engine->memory_plan());
  GenerateRequest request;
  request.prompt = "piano";
  request.duration_seconds = 5;
  request.advanced.inference_steps = 8;
  request.lm.thinking = false;
  SongRequest validated = request;
  validate(validated);
  engine->generate(validated, {});
  ASSERT_TRUE(engine->memory_plan());
  EXPECT_EQ(engine->memory_plan()->stages.size(), 6u);  // planning to finishing
}

}  // namespace
}  // namespace ams
