// The whole diffusion transformer on the emulated card: against the reference's recorded passes and
// against ggml's, with the same bf16 weights.
#include "nets/cuda_dit.h"

#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include "base/error.h"
#include "cuda/emulator/emulated_queue.h"
#include "golden/golden_case.h"
#include "nets/acestep_model.h"
#include "tensor/weight_file.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using golden::GoldenCase;

const fs::path kGolden = fs::path(AMS_TEST_SOURCE_DIR) / "tests/golden/data";
constexpr double kTolerance = 3e-2;  // bf16 operands against fp32 ones, relative L2 of a pass

double relative_error(std::span<const float> a, std::span<const float> b) {
  double difference = 0.0;
  double norm = 0.0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
    norm += double{b[i]} * b[i];
  }
  return a.size() == b.size() ? std::sqrt(difference / norm) : INFINITY;
}

FloatArray wave(std::vector<int64_t> shape, float frequency) {
  FloatArray array(std::move(shape));
  for (size_t i = 0; i < array.data.size(); ++i) {
    array.data[i] = std::sin(frequency * static_cast<float>(i));
  }
  return array;
}

struct Velocities {
  std::vector<float> conditional, unconditional;
};

Velocities velocities_of(ConditionedDenoiser& bound, const FloatArray& latents, float t) {
  Velocities result{std::vector<float>(latents.data.size()),
                    std::vector<float>(latents.data.size())};
  bound.velocity(latents.data, t, result.conditional, result.unconditional);
  return result;
}

class CudaDitTest : public testing::Test {
 protected:
  void load(Precision precision = Precision::BF16) {
    device_ = Device::open({"cpu", /*threads=*/1});
    model_ = AceStepModel::load(kGolden / "checkpoints/acestep-v15-xl-sft", *device_, precision);
    dit_ = std::make_unique<CudaDit>(model_->dit(), [&](const void*) {
      auto queue = std::make_unique<simt::EmulatedQueue>();
      queue_ = queue.get();
      return queue;
    });
  }
  DenoiserConditions conditions(int64_t batch, int64_t frames, int64_t tokens) const {
    return {wave({batch, tokens, dit_->encoder_hidden_size()}, 0.37f),
            wave({batch, frames, 2 * dit_->latent_channels()}, 0.11f)};
  }
  FloatArray latents(int64_t batch, int64_t frames) const {
    return wave({batch, frames, dit_->latent_channels()}, 0.73f);
  }

  std::unique_ptr<Device> device_;
  std::unique_ptr<AceStepModel> model_;
  std::unique_ptr<CudaDit> dit_;
  simt::EmulatedQueue* queue_ = nullptr;  // once something is bound
};

class CudaDitGolden : public CudaDitTest, public testing::WithParamInterface<std::string> {};

TEST_P(CudaDitGolden, passes_the_recorded_case) {
  load();
  ASSERT_EQ(dit_->misfit(), "");
  const Json manifest = Json::parse_file(kGolden / "manifest.json");
  const Json cases = manifest.at("cases");
  for (int64_t i = 0; i < cases.size(); ++i) {
    if (cases.at(i).at("name").as_string() != GetParam()) continue;
    const GoldenCase golden(kGolden, cases.at(i));
    const auto bound = dit_->bind(
        {golden.floats("in.encoder_hidden_states"), golden.floats("in.context_latents")});
    const FloatArray latents = golden.floats("in.hidden_states");
    FloatArray velocity(latents.shape);
    const float t = golden.floats("in.timestep").data[0];
    const float r = golden.floats("in.timestep_r").data[0];
    bound->velocity(latents.data, t, velocity.data, {}, t - r);
    const double error = relative_error(velocity.data, golden.floats("out.velocity").data);
    EXPECT_LT(error, kTolerance);
    RecordProperty("relative_error", std::to_string(error));
    return;
  }
  FAIL() << "no such case";
}

INSTANTIATE_TEST_SUITE_P(Cases,
                         CudaDitGolden,
                         testing::Values("dit/forward_t1",
                                         "dit/forward_t0_73",
                                         "dit/forward_t0_2",
                                         "dit/forward_t0",
                                         "dit/forward_odd",
                                         "dit/forward_t_r",
                                         "dit/forward_cfg_batch2"));

TEST_F(CudaDitTest, guided_steps_equal_ggml_with_the_same_weights) {
  load();
  const DenoiserConditions given = conditions(/*batch=*/2, /*frames=*/75, /*tokens=*/21);
  const FloatArray x = latents(2, 75);
  const auto ours = dit_->bind(given);
  const auto theirs = model_->dit().bind(given);
  for (const float t : {0.9f, 0.4f, 0.1f}) {  // called, recorded, replayed
    const Velocities a = velocities_of(*ours, x, t);
    const Velocities b = velocities_of(*theirs, x, t);
    EXPECT_LT(relative_error(a.conditional, b.conditional), kTolerance) << t;
    EXPECT_LT(relative_error(a.unconditional, b.unconditional), kTolerance) << t;
  }
}

TEST_F(CudaDitTest, halves_one_after_the_other_and_plain_steps_give_the_same_bytes) {
  load();
  const DenoiserConditions given = conditions(1, 20, 7);
  const FloatArray x = latents(1, 20);
  const auto joint = dit_->bind(given);
  const Velocities guided = velocities_of(*joint, x, 0.6f);
  std::vector<float> plain(x.data.size());
  joint->velocity(x.data, 0.6f, plain, {});
  EXPECT_EQ(plain, guided.conditional);
  model_->dit().split_guidance(true);
  const auto split = dit_->bind(given);
  const Velocities halves = velocities_of(*split, x, 0.6f);
  EXPECT_EQ(halves.conditional, guided.conditional);
  EXPECT_EQ(halves.unconditional, guided.unconditional);
}

TEST_F(CudaDitTest, a_difference_of_levels_is_not_kept_for_later_steps) {
  load();
  const auto bound = dit_->bind(conditions(1, 8, 3));
  const FloatArray x = latents(1, 8);
  const auto at = [&](float difference) {
    std::vector<float> velocity(x.data.size());
    bound->velocity(x.data, 0.5f, velocity, {}, difference);
    return velocity;
  };
  const std::vector<float> first = at(0.0f);
  EXPECT_NE(at(0.25f), first);
  EXPECT_EQ(at(0.0f), first);
}

TEST_F(CudaDitTest, what_does_not_fit_is_computed_by_ggml) {
  load(Precision::F32);
  EXPECT_NE(dit_->misfit().find("not bf16"), std::string::npos);
  const DenoiserConditions given = conditions(1, 8, 3);
  const Velocities a = velocities_of(*dit_->bind(given), latents(1, 8), 0.5f);
  EXPECT_EQ(queue_, nullptr);
  const Velocities b = velocities_of(*model_->dit().bind(given), latents(1, 8), 0.5f);
  EXPECT_EQ(a.conditional, b.conditional);
}

TEST_F(CudaDitTest, adapters_do_not_fit) {
  load();
  model_->loras().apply({{{open_lora(kGolden / "checkpoints/adapters/lora_a"), 1.0}}});
  EXPECT_NE(dit_->misfit().find("has adapters"), std::string::npos);
  model_->loras().apply({});
  EXPECT_EQ(dit_->misfit(), "");
}

TEST_F(CudaDitTest, a_full_card_is_an_error_and_the_next_song_works) {
  load();
  dit_->bind(conditions(1, 8, 3));
  queue_->limit_allocations(1);
  EXPECT_THROW(dit_->bind(conditions(1, 8, 3)), Error);
  queue_->limit_allocations(0);
  const auto bound = dit_->bind(conditions(1, 8, 3));
  queue_->limit_allocations(1);
  const FloatArray x = latents(1, 8);
  EXPECT_THROW(velocities_of(*bound, x, 0.5f), Error);
  queue_->limit_allocations(0);
  EXPECT_EQ(velocities_of(*bound, x, 0.5f).conditional, velocities_of(*bound, x, 0.5f).conditional);
}

TEST_F(CudaDitTest, a_measuring_device_counts_what_a_card_takes) {
  load();
  const auto take = [&](CudaDit& dit, const Device& device) {
    device.meter().restart_peak();
    const size_t before = device.meter().current();
    {
      const auto bound = dit.bind(conditions(1, 30, 9));
      velocities_of(*bound, latents(1, 30), 0.5f);
    }
    EXPECT_EQ(device.meter().current(), before);
    return device.meter().peak() - before;
  };
  const std::unique_ptr<Device> measuring = device_->measuring();
  AceStepModel model(model_->config(), *measuring);
  model.store().load_random(1, *measuring, Precision::BF16);
  CudaDit measured(model.dit(), [](const void*) -> std::unique_ptr<cuda::Queue> {
    throw Error(ErrorCode::Internal, "a measuring device needs no queue");
  });
  const size_t bytes = take(*dit_, *device_);
  EXPECT_GT(bytes, 0u);
  EXPECT_EQ(take(measured, *measuring), bytes);
}

TEST_F(CudaDitTest, conditions_of_another_shape_are_refused) {
  load();
  DenoiserConditions wrong = conditions(1, 8, 3);
  wrong.encoder_states = FloatArray({2, 3, dit_->encoder_hidden_size()});
  EXPECT_THROW(dit_->bind(wrong), Error);
}

}  // namespace
}  // namespace ams
