#include "api/metadata_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/request_json.h"

namespace ams {
namespace {

using testing::MatchesRegex;

GenerateRequest request() {
  GenerateRequest made;
  made.prompt = "slow build, wide pads";
  made.lyrics = "[Verse]\nsecret words";
  made.duration_seconds = 30;
  return made;
}

SongReport report() {
  SongReport made;
  made.device = "cpu";
  made.seed = 9911;
  made.advanced.inference_steps = 27;
  made.lm_used = true;
  made.lm_result = PlannedSong{.caption = "pads", .bpm = 90};
  made.warnings = {"second"};
  return made;
}

SongFile file() {
  SongFile made;
  made.sample_rate = 48000;
  made.channels = 2;
  made.bits = 16;
  made.duration_seconds = 30;
  made.sha256 = "9fbc";
  return made;
}

TEST(MetadataJson, says_how_memory_was_shared_out) {
  SongReport planned = report();
  MemoryPlan plan;
  plan.stages = {{.name = "diffusion", .weights = 700, .buffers = 20, .host = 3}};
  plan.available = 1000;
  plan.measures.keeps_one_network = true;
  planned.memory = plan;
  const Json app = song_metadata_json(request(), planned, file(), {}).at("app");
  EXPECT_EQ(app.at("memory").at("planned_bytes").as_int(), 723);
  EXPECT_EQ(app.at("memory").at("available_bytes").as_int(), 1000);
  EXPECT_EQ(app.at("memory").at("how").as_string(), "bf16, one network at a time");
}

TEST(MetadataJson, has_every_key_that_is_always_there) {
  const Json document = song_metadata_json(request(), report(), file(), {.job_id = "8f2c61d4"});
  for (const char* key : {"schema",
                          "job_id",
                          "created_at",
                          "app",
                          "models",
                          "mode",
                          "seed",
                          "prompt",
                          "instrumental",
                          "duration_s",
                          "mode_params",
                          "advanced",
                          "lm",
                          "dcw",
                          "lm_used",
                          "lm_result",
                          "loras",
                          "ignored_params",
                          "warnings",
                          "audio",
                          "output_sha256",
                          "estimated_duration_s",
                          "queue_seconds",
                          "load_seconds",
                          "wall_seconds",
                          "attempts"}) {
    EXPECT_TRUE(document.contains(key)) << key;
  }
  EXPECT_EQ(document.at("schema").as_string(), "ams.meta/1");
  EXPECT_EQ(document.at("seed").as_int(), 9911);
  EXPECT_EQ(document.at("advanced").at("inference_steps").as_int(), 27);
  EXPECT_EQ(document.at("lm_result").at("bpm").as_int(), 90);
  EXPECT_EQ(document.at("estimated_duration_s").as_int(), 90);
  EXPECT_EQ(document.at("dcw"), Json::object());
  EXPECT_TRUE(document.at("audio").at("integrated_lufs").is_null());
}

TEST(MetadataJson, does_not_echo_lyrics) {
  const Json document = song_metadata_json(request(), report(), file(), {});
  EXPECT_EQ(document.at("lyrics_first_line").as_string(), "[Verse]");
  EXPECT_EQ(document.at("lyrics_sha256").as_string().size(), 64u);
  EXPECT_EQ(document.dump().find("secret words"), std::string::npos);
}

TEST(MetadataJson, kept_requests_can_be_run_again) {
  const Json document = song_metadata_json(request(), report(), file(), {.keeps_request = true});
  std::vector<std::string> warnings;
  const auto again = std::get<GenerateRequest>(parse_song_request(document, warnings));
  EXPECT_TRUE(warnings.empty());
  EXPECT_EQ(again.lyrics, request().lyrics);
  EXPECT_EQ(again.seed, 9911);
  EXPECT_EQ(again.advanced.inference_steps, 27);
}

TEST(MetadataJson, modes_list_their_own_values) {
  ExtendRequest extend;
  extend.seed_audio = "a.wav";
  SongReport made = report();
  made.inputs = {{.role = "seed_audio", .sha256 = "e5c0", .duration_seconds = 6}};
  made.loras = {{.name = "x", .kind = "custom", .scale = 0.5, .modules_applied = 3}};
  const Json document = song_metadata_json(extend, made, file(), {});
  EXPECT_EQ(document.at("mode").as_string(), "extend");
  EXPECT_EQ(document.at("mode_params").at("wav_crossfade_s").as_double(), 2.0);
  EXPECT_FALSE(document.at("mode_params").contains("seed"));
  EXPECT_EQ(document.at("inputs").at(int64_t{0}).at("role").as_string(), "seed_audio");
  EXPECT_EQ(document.at("loras").at(int64_t{0}).at("modules_applied").as_int(), 3);
  EXPECT_EQ(document.dump().find("a.wav"), std::string::npos);
}

TEST(MetadataJson, without_lyrics_says_nothing_of_them) {
  GenerateRequest plain = request();
  plain.lyrics.clear();
  EXPECT_FALSE(song_metadata_json(plain, report(), file(), {}).contains("lyrics_sha256"));
}

TEST(MetadataJson, warnings_of_request_and_engine_come_together) {
  const Json document = song_metadata_json(request(), report(), file(), {.warnings = {"first"}});
  const Json warnings = document.at("warnings");
  ASSERT_EQ(warnings.size(), 2);
  EXPECT_EQ(warnings.at(int64_t{0}).as_string(), "first");
  EXPECT_EQ(warnings.at(int64_t{1}).as_string(), "second");
}

TEST(MetadataJson, ids_and_times_have_their_form) {
  EXPECT_THAT(make_job_id(), MatchesRegex("[0-9a-f]{8}"));
  EXPECT_NE(make_job_id(), make_job_id());
  EXPECT_THAT(utc_timestamp(),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"));
}

}  // namespace
}  // namespace ams
