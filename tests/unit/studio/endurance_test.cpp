// Long use of one process on the tiny checkpoint: memory stays where it is.
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <malloc.h>

#include "audio/encode.h"
#include "audio/resample.h"
#include "base/philox.h"
#include "studio/engine.h"
#include "studio/models/memory_needs.h"
#include "support/temporary_folder.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

const fs::path kCheckpoints = fs::path(AMS_TEST_SOURCE_DIR) / "tests/golden/data/checkpoints";
// What allocators and libraries may gather without a leak.
constexpr size_t kAllowedGrowth = size_t{24} << 20;

EngineOptions tiny_engine() {
  EngineOptions options;
  options.model = kCheckpoints.string();
  options.device = "cpu";
  return options;
}

template <typename Request>
Request quick() {
  Request request;
  request.prompt = "slow piano";
  request.seed = 11;
  request.advanced.inference_steps = 8;
  request.advanced.guidance_scale = 1.0;
  request.lm = {.thinking = false,
                .use_cot_caption = false,
                .use_cot_metas = false,
                .use_cot_language = false};
  return request;
}

class Endurance : public testing::Test {
 protected:
  Endurance() {
    AudioBuffer clip = silent_audio(kStudioSampleRate, 2, 5 * kStudioSampleRate);
    PhiloxStream(5, RandomPurpose::Noise).fill_normal(clip.samples.data);
    for (float& sample : clip.samples.data) sample *= 0.1f;
    EncodeOptions wav;
    wav.format = AudioFormat::Wav32Float;
    write_audio_file(clip_, clip, wav);
  }

  // Five kinds of jobs in turn; every tenth generates with the planner.
  SongRequest job(int number) const {
    switch (number % 5) {
      case 0: {
        auto request = quick<GenerateRequest>();
        request.duration_seconds = 5;
        request.lm.use_cot_metas = number % 10 == 0;
        return request;
      }
      case 1: {
        auto request = quick<CoverRequest>();
        request.ref_audio = clip_.string();
        request.duration_seconds = 5;
        return request;
      }
      case 2: {
        auto request = quick<ExtendRequest>();
        request.seed_audio = clip_.string();
        request.extra_duration_seconds = 5;
        return request;
      }
      default: {
        auto request = quick<EditRequest>();
        request.source_audio = clip_.string();
        request.segment_start_seconds = 1;
        request.segment_end_seconds = 2;
        if (number % 5 == 4) {
          request.sub_mode = EditMode::FlowEdit;
          request.flow_source_caption = "piano";
        }
        return request;
      }
    }
  }

  static void run(Engine& engine, SongRequest request) {
    validate(request);
    engine.generate(request, {});
  }
  static size_t settled_bytes() {
    malloc_trim(0);
    return resident_bytes();
  }

  TemporaryFolder folder_;
  fs::path clip_ = folder_.path() / "clip.wav";
};

TEST_F(Endurance, a_hundred_jobs_of_all_modes_do_not_grow) {
  const auto engine = Engine::open(tiny_engine());
  for (int number = 0; number < 20; ++number) run(*engine, job(number));
  const size_t before = settled_bytes();
  for (int number = 20; number < 100; ++number) run(*engine, job(number));
  const size_t after = settled_bytes();
  RecordProperty("before_bytes", std::to_string(before));
  RecordProperty("after_bytes", std::to_string(after));
  EXPECT_LT(after, before + kAllowedGrowth);
}

TEST_F(Endurance, twenty_swaps_of_the_model_leave_nothing) {
  fs::copy(kCheckpoints, folder_.path() / "other", fs::copy_options::recursive);
  const auto engine = Engine::open(tiny_engine());
  auto request = quick<GenerateRequest>();
  request.duration_seconds = 5;
  const auto swap = [&](int count) {
    for (int i = 0; i < count; ++i) {
      request.model = (i % 2 == 0 ? folder_.path() / "other" : kCheckpoints).string();
      run(*engine, request);
    }
  };
  swap(6);
  const size_t before = settled_bytes();
  swap(20);
  EXPECT_LT(settled_bytes(), before + kAllowedGrowth);
}

TEST_F(Endurance, a_song_of_ten_minutes_comes_out_whole) {
  const auto engine = Engine::open(tiny_engine());
  auto request = quick<GenerateRequest>();
  request.duration_seconds = 600;
  request.advanced.guidance_scale = 1.0;
  SongRequest validated = request;
  validate(validated);
  EXPECT_EQ(engine->generate(validated, {}).audio.length(), 600 * kStudioSampleRate);
}

}  // namespace
}  // namespace ams
