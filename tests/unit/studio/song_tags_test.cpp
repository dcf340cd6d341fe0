#include "studio/post/song_tags.h"

#include <string>

#include <gtest/gtest.h>

#include "base/str.h"

namespace ams {
namespace {

SongRequest request_of(const std::string& prompt) {
  SongRequest request = make_song_request("cover");
  std::get<CoverRequest>(request).prompt = prompt;
  return request;
}

TEST(SongTags, title_is_mode_and_beginning_of_the_prompt) {
  EXPECT_EQ(song_tags(request_of("bossa nova"), {}, {}).title, "Cover: bossa nova");
  std::string long_prompt;
  for (int i = 0; i < 100; ++i) long_prompt += "\xC3\xA9";  // é, two bytes
  const std::string title = song_tags(request_of(long_prompt), {}, {}).title;
  EXPECT_EQ(title.size(), std::string("Cover: ").size() + 120);
  EXPECT_TRUE(is_utf8(title));
}

TEST(SongTags, no_text_ends_a_tag_early) {
  const AudioTags tags = song_tags(request_of(std::string("bossa\0 nova", 11)), {}, {});
  EXPECT_EQ(tags.title, "Cover: bossa nova");
  EXPECT_EQ(tags.user.at("AMS_PROMPT"), "bossa nova");
}

TEST(SongTags, own_tempo_wins_over_the_planned_one) {
  SongReport report;
  report.lm_result = PlannedSong{.bpm = 90, .keyscale = "C major", .vocal_language = "en"};
  SongRequest request = request_of("x");
  EXPECT_EQ(song_tags(request, report, {}).bpm, 90);
  EXPECT_EQ(song_tags(request, report, {}).key_scale, "C major");
  EXPECT_EQ(song_tags(request, report, {}).language, "en");
  controls_of(request).advanced.bpm = 120;
  controls_of(request).advanced.keyscale = "A minor";
  EXPECT_EQ(song_tags(request, report, {}).bpm, 120);
  EXPECT_EQ(song_tags(request, report, {}).key_scale, "A minor");
}

TEST(SongTags, adapters_models_and_seed_are_told) {
  SongReport report;
  report.seed = 42;
  report.models = {.dit = "xl", .lm = "planner", .text_encoder = "text", .vae = "vae"};
  report.loras = {{.name = "drums", .scale = 0.5, .sha256 = "abc"}};
  const AudioTags tags = song_tags(request_of("x"), report, {.job_id = "1f"});
  EXPECT_EQ(tags.user.at("AMS_SEED"), "42");
  EXPECT_EQ(tags.user.at("AMS_MODELS"), "xl, planner, text, vae");
  EXPECT_EQ(tags.user.at("AMS_LORAS"), "drums=0.5 sha256:abc");
  EXPECT_EQ(tags.user.at("AMS_JOB_ID"), "1f");
}

}  // namespace
}  // namespace ams
