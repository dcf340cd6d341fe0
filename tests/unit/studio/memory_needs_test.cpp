// Predicted buffers against allocated ones, on the tiny checkpoint: they are equal, not just near.
#include "studio/models/memory_needs.h"

#include <algorithm>
#include <numeric>
#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "nets/acestep_model.h"
#include "nets/qwen_lm.h"
#include "nets/qwen_text_encoder.h"
#include "studio/models/song_model.h"

namespace ams {
namespace {

const std::filesystem::path kCheckpoints =
    std::filesystem::path(AMS_TEST_SOURCE_DIR) / "tests/golden/data/checkpoints";

class MemoryNeedsTest : public testing::TestWithParam<int64_t> {
 protected:
  MemoryNeedsTest() {
    size_.frames = GetParam();
    size_.text_tokens = 61;
    size_.lyric_tokens = 90;
    size_.is_guided = true;
  }
  MemoryNeeds measure(const MemoryMeasures& measures = {}) const {
    return measure_needs(files_, *device_, size_, measures);
  }
  static const StageNeeds& stage(const MemoryNeeds& needs, const std::string& name) {
    return *std::find_if(needs.stages.begin(), needs.stages.end(), [&](const StageNeeds& each) {
      return each.name == name;
    });
  }
  // Bytes that `work` allocates on the real device at most.
  template <typename Work>
  size_t allocated(Work work) const {
    device_->meter().restart_peak();
    const size_t before = device_->meter().current();
    work();
    return device_->meter().peak() - before;
  }
  size_t diffusion_bytes(bool splits_guidance) const {
    const auto model = AceStepModel::load(files_.dit, *device_, Precision::BF16);
    model->dit().split_guidance(splits_guidance);
    const int64_t channels = model->config().audio_acoustic_hidden_dim;
    DenoiserConditions conditions;
    const int64_t tokens = size_.text_tokens + size_.lyric_tokens + 1;
    conditions.encoder_states = FloatArray({1, tokens, model->config().encoder_hidden_size});
    conditions.context_latents = FloatArray({1, size_.frames, 2 * channels});
    std::vector<float> latents(static_cast<size_t>(size_.frames * channels));
    std::vector<float> other = latents;
    return allocated(
        [&] { model->dit().bind(conditions)->velocity(latents, 0.5f, latents, other); });
  }

  SongModelFiles files_ = find_song_model(kCheckpoints.string(), "", {});
  std::unique_ptr<Device> device_ = Device::open({"cpu", 2});
  SongSize size_;
};

TEST_P(MemoryNeedsTest, weights_are_predicted_exactly) {
  const auto model = AceStepModel::load(files_.dit, *device_, Precision::BF16);
  const MemoryNeeds needs = measure();
  EXPECT_EQ(needs.weights[static_cast<size_t>(SongNetwork::SongModel)], model->store().bytes());
  EXPECT_EQ(needs.weights[static_cast<size_t>(SongNetwork::Planner)], 0u);  // not asked for
}

TEST_P(MemoryNeedsTest, weights_of_all_networks_are_known_without_loading) {
  for (const Precision precision : {Precision::BF16, Precision::Q8_0}) {
    SongModelOptions options;
    options.precision = precision;
    SongModel model(files_, *device_, options);
    model.load({});
    model.planner({});
    const auto weights = measure_weights(files_, *device_, precision);
    EXPECT_EQ(std::accumulate(weights.begin(), weights.end(), size_t{0}), model.weight_bytes());
  }
}

TEST_P(MemoryNeedsTest, diffusion_is_predicted_exactly) {
  EXPECT_EQ(stage(measure(), "diffusion").buffers, diffusion_bytes(/*splits_guidance=*/false));
}

TEST_P(MemoryNeedsTest, split_guidance_takes_less_and_is_predicted_exactly) {
  MemoryMeasures split;
  split.splits_guidance = true;
  const size_t predicted = stage(measure(split), "diffusion").buffers;
  EXPECT_EQ(predicted, diffusion_bytes(/*splits_guidance=*/true));
  EXPECT_LT(predicted, stage(measure(), "diffusion").buffers);
}

TEST_P(MemoryNeedsTest, decoding_is_predicted_exactly_with_either_tiles) {
  for (const bool small : {false, true}) {
    MemoryMeasures measures;
    measures.small_tiles = small;
    WeightStore store;
    Oobleck codec(store.root(), OobleckConfig::load(files_.vae), *device_, Precision::BF16);
    store.load(*open_weights(files_.vae), *device_, Precision::BF16);
    codec.limit_memory(codec_memory(measures));
    const FloatArray latents({1, codec.latent_channels(), size_.frames});
    EXPECT_EQ(stage(measure(measures), "decoding").buffers,
              allocated([&] { codec.decode(latents, {}); }));
  }
}

TEST_P(MemoryNeedsTest, planning_is_predicted_exactly) {
  size_.planner_prompt = 300;
  size_.codes = size_.frames / 5;
  size_.is_planner_guided = true;
  WeightStore store;
  QwenLm lm(store.root(), QwenConfig::load(*files_.planner), *device_, /*exact_caches=*/false);
  store.load(*open_qwen_weights(*files_.planner), *device_, Precision::BF16);
  const int64_t capacity = size_.planner_prompt + size_.codes + 1;
  const size_t bytes = allocated([&] {
    const auto session = lm.open({2, capacity});
    std::vector<float> logits(static_cast<size_t>(2 * lm.vocab_size()));
    const auto row = std::span(logits).first(logits.size() / 2);
    const std::vector<int32_t> tokens(static_cast<size_t>(capacity - 1), 1);
    session->prefill(0, tokens, row);
    session->truncate(0, capacity - 2);
    session->prefill(0, std::span(tokens).first(1), row);
    session->step(std::vector<int32_t>{1, 1}, logits);
  });
  EXPECT_EQ(stage(measure(), "planning").buffers, bytes);
}

TEST_P(MemoryNeedsTest, nothing_is_allocated_or_left_while_measuring) {
  const size_t before = device_->meter().current();
  measure();
  EXPECT_EQ(device_->meter().current(), before);
}

INSTANTIATE_TEST_SUITE_P(Frames, MemoryNeedsTest, testing::Values(128, 301, 1500));

}  // namespace
}  // namespace ams
