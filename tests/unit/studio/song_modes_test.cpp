// Every song mode end to end on the tiny checkpoint: what stays of the input, and what changes.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audio/encode.h"
#include "audio/resample.h"
#include "base/error.h"
#include "base/philox.h"
#include "studio/engine.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string kCheckpoints =
    std::string(AMS_TEST_SOURCE_DIR) + "/tests/golden/data/checkpoints";

// Two seconds of noise and a tone, well below full scale.
AudioBuffer clip_of(double seconds) {
  AudioBuffer clip = silent_audio(kStudioSampleRate, 2, static_cast<int64_t>(seconds * 48000));
  PhiloxStream stream(5, RandomPurpose::Noise);
  for (float& sample : clip.samples.data) {
    sample = 0.2f * (static_cast<float>(stream.uniform()) - 0.5f);
  }
  for (int64_t i = 0; i < clip.length(); ++i) {
    clip.channel(0)[static_cast<size_t>(i)] += 0.3f * std::sin(0.03f * static_cast<float>(i));
  }
  return clip;
}

class SongModes : public testing::Test {
 protected:
  // One engine and one file for all tests: loading takes longer than a song.
  static void SetUpTestSuite() {
    EngineOptions options;
    options.model = kCheckpoints;
    options.device = "cpu";
    engine_ = Engine::open(options);
    path_ = fs::path(testing::TempDir()) / "ams_song_modes.wav";
    EncodeOptions wav;
    wav.format = AudioFormat::Wav32Float;
    source_ = clip_of(6.0);
    write_audio_file(path_, source_, wav);
  }
  static void TearDownTestSuite() {
    engine_.reset();
    fs::remove(path_);
  }

  template <typename Request>
  static Request quick() {
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
  static CoverRequest cover() {
    auto request = quick<CoverRequest>();
    request.ref_audio = path_.string();
    request.duration_seconds = 5;
    return request;
  }
  static ExtendRequest extend() {
    auto request = quick<ExtendRequest>();
    request.seed_audio = path_.string();
    request.extra_duration_seconds = 5;
    return request;
  }
  static EditRequest edit() {
    auto request = quick<EditRequest>();
    request.source_audio = path_.string();
    request.segment_start_seconds = 2;
    request.segment_end_seconds = 4;
    return request;
  }
  static EditRequest morph(const std::string& from, const std::string& to) {
    EditRequest request = edit();
    request.sub_mode = EditMode::FlowEdit;
    request.flow_source_caption = from;
    request.prompt = to;
    return request;
  }

  static SongResult make(SongRequest request) {
    validate(request);
    return engine_->generate(request, JobContext());
  }

  static std::string error_of(SongRequest request) {
    try {
      make(std::move(request));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  static inline std::unique_ptr<Engine> engine_;
  static inline fs::path path_;
  static inline AudioBuffer source_;
};

// Samples begin <= i < end of `song`, against those of `source` from `offset` on.
bool equal_in(const AudioBuffer& song,
              const AudioBuffer& source,
              int64_t begin,
              int64_t end,
              int64_t offset = 0) {
  for (int64_t channel = 0; channel < 2; ++channel) {
    const auto a =
        song.channel(channel).subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
    const auto b = source.channel(channel).subspan(static_cast<size_t>(begin - offset));
    if (!std::equal(a.begin(), a.end(), b.begin())) return false;
  }
  return true;
}

float largest_difference(const AudioBuffer& a, const AudioBuffer& b) {
  if (a.length() != b.length()) return 2.0f;
  float largest = 0.0f;
  for (size_t i = 0; i < a.samples.data.size(); ++i) {
    largest = std::max(largest, std::fabs(a.samples.data[i] - b.samples.data[i]));
  }
  return largest;
}

TEST_F(SongModes, cover_follows_its_strength) {
  CoverRequest bound = cover();
  bound.audio_cover_strength = 1.0;
  CoverRequest free = cover();
  free.audio_cover_strength = 0.0;
  const SongResult first = make(bound);
  EXPECT_EQ(first.audio.length(), 5 * kStudioSampleRate);
  EXPECT_EQ(first.report.inputs.at(0).role, "ref_audio");
  EXPECT_FALSE(first.report.lm_used);
  EXPECT_EQ(largest_difference(first.audio, make(bound).audio), 0.0f);
  EXPECT_GT(largest_difference(first.audio, make(free).audio), 1e-3f);
}

TEST_F(SongModes, extend_keeps_the_seed_up_to_the_fade) {
  const SongResult result = make(extend());
  EXPECT_EQ(result.audio.length(), 11 * kStudioSampleRate);
  EXPECT_TRUE(equal_in(result.audio, source_, 0, 4 * kStudioSampleRate));
  EXPECT_FALSE(equal_in(result.audio, source_, 4 * kStudioSampleRate, 6 * kStudioSampleRate));
}

TEST_F(SongModes, extend_before_the_start_keeps_the_seed_behind_the_fade) {
  ExtendRequest request = extend();
  request.side = ExtendSide::Start;
  const SongResult result = make(request);
  EXPECT_EQ(result.audio.length(), 11 * kStudioSampleRate);
  const int64_t extra = 5 * kStudioSampleRate;
  EXPECT_TRUE(equal_in(
      result.audio, source_, 7 * kStudioSampleRate, 11 * kStudioSampleRate, /*offset=*/extra));
}

TEST_F(SongModes, extend_fade_is_at_most_half_the_seed) {
  ExtendRequest request = extend();
  request.repaint.crossfade_seconds = 5;
  const SongResult result = make(request);
  EXPECT_TRUE(equal_in(result.audio, source_, 0, 3 * kStudioSampleRate));
  EXPECT_EQ(result.audio.length(), 11 * kStudioSampleRate);
}

TEST_F(SongModes, repaint_keeps_what_lies_outside_of_segment_and_fades) {
  const AudioBuffer song = make(edit()).audio;
  const int64_t fade = kStudioSampleRate / 100;
  const int64_t begin = 2 * kStudioSampleRate;
  const int64_t end = 4 * kStudioSampleRate;
  ASSERT_EQ(song.length(), source_.length());
  EXPECT_TRUE(equal_in(song, source_, 0, begin - fade));
  EXPECT_FALSE(equal_in(song, source_, begin, end));
  EXPECT_TRUE(equal_in(song, source_, end + fade, song.length()));
}

TEST_F(SongModes, segments_outside_of_the_song_are_refused) {
  EditRequest request = edit();
  request.segment_end_seconds = 7;
  EXPECT_THAT(error_of(request), HasSubstr("lasts 6 s"));
  request.segment_start_seconds = 6.5;
  request.segment_end_seconds.reset();
  EXPECT_THAT(error_of(request), HasSubstr("lasts 6 s"));
}

// Both velocities are equal but for the rounding of activations to bf16, so next to nothing moves
// and the draws of the seed have hardly a say.
TEST_F(SongModes, flow_edit_with_equal_prompts_returns_the_source) {
  EditRequest request = morph("slow piano", "slow piano");
  const AudioBuffer first = make(request).audio;
  request.seed = 12;
  const float still = largest_difference(first, make(request).audio);
  const float moved = largest_difference(first, make(morph("slow piano", "loud drums")).audio);
  EXPECT_EQ(first.length(), source_.length());
  EXPECT_LT(still, 0.05f);
  EXPECT_GT(moved, 5.0f * still);
}

TEST_F(SongModes, adapters_change_the_song_by_their_strength) {
  auto request = quick<GenerateRequest>();
  request.duration_seconds = 5;
  const SongResult plain = make(request);
  request.loras = {{kCheckpoints + "/adapters/lora_a", 0.0}};
  const SongResult silent = make(request);
  EXPECT_EQ(largest_difference(plain.audio, silent.audio), 0.0f);
  EXPECT_EQ(silent.report.loras.at(0).modules_applied, 0);
  request.loras[0].strength = 1.0;
  const SongResult full = make(request);
  EXPECT_GT(largest_difference(plain.audio, full.audio), 1e-4f);
  EXPECT_GT(full.report.loras.at(0).modules_applied, 0);
  EXPECT_EQ(full.report.loras.at(0).sha256.size(), 64u);
  request.loras.clear();
  EXPECT_EQ(largest_difference(plain.audio, make(request).audio), 0.0f);
}

TEST_F(SongModes, second_take_does_not_encode_its_source_again) {
  CoverRequest request = cover();
  request.duration_seconds = 5.2;  // no other test has this source, but some have its clip
  const SongResult first = make(request);
  const SongResult again = make(request);
  EXPECT_LE(first.report.inputs_reused, 1);
  // Latents of source and reference clip, and the codes of the source.
  EXPECT_EQ(again.report.inputs_reused, 3);
  EXPECT_EQ(largest_difference(first.audio, again.audio), 0.0f);
}

// The stages that ran before the error; the planner of the tiny checkpoint would draft the song.
std::vector<std::string> stages_until_error(Engine& engine, const std::string& adapter) {
  GenerateRequest request;
  request.prompt = "x";
  request.loras = {{adapter, 1.0}};
  validate(request);
  std::vector<std::string> stages;
  JobContext job;
  job.progress = [&stages](const Progress& progress) { stages.emplace_back(progress.stage); };
  EXPECT_THROW(engine.generate(request, job), Error) << adapter;
  return stages;
}

TEST_F(SongModes, missing_adapters_are_told_before_anything_runs) {
  EXPECT_THAT(stages_until_error(*engine_, "No Such Preset"), testing::IsEmpty());
}

TEST_F(SongModes, adapters_of_another_model_are_told_before_the_planner_runs) {
  EXPECT_THAT(stages_until_error(*engine_, kCheckpoints + "/adapters/invalid_shapes"),
              testing::Not(testing::Contains("planning")));
}

TEST_F(SongModes, sources_that_are_short_long_or_silent_are_refused) {
  const fs::path path = fs::path(testing::TempDir()) / "ams_song_modes_bad.wav";
  CoverRequest request = cover();
  request.ref_audio = path.string();
  write_audio_file(path, clip_of(0.9), {});
  EXPECT_THAT(error_of(request), HasSubstr("at least 1 s"));
  write_audio_file(path, clip_of(61.0), {});
  EXPECT_THAT(error_of(request), HasSubstr("at most 60 s"));
  write_audio_file(path, silent_audio(kStudioSampleRate, 2, 2 * kStudioSampleRate), {});
  EXPECT_THAT(error_of(request), HasSubstr("is silent"));
  fs::remove(path);
}

TEST_F(SongModes, missing_files_are_named) {
  CoverRequest request = cover();
  request.ref_audio = "no such file.wav";
  EXPECT_THAT(error_of(request), HasSubstr("no such file.wav"));
  auto adapted = quick<GenerateRequest>();
  adapted.loras = {{"No Such Preset", 1.0}};
  EXPECT_THAT(error_of(adapted), HasSubstr("No Such Preset"));
}

}  // namespace
}  // namespace ams
