#include "api/lyrics_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/sha256.h"

namespace ams {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::ThrowsMessage;

Json parsed(const char* text) { return Json::parse(text, "body"); }

LyricsRequest request_of(const char* body) {
  std::vector<std::string> warnings;
  return parse_lyrics_request(parsed(body), warnings);
}

LyricsDraft some_draft() {
  LyricsDraft draft;
  draft.text = "[verse 1]\nla\n";
  draft.tokens = 9;
  draft.stop_reason = LyricsStop::Length;
  draft.seed = 1234;
  draft.model = "Qwen2.5-7B-Instruct";
  draft.precision = "q8_0";
  draft.warnings = {"the lyrics have no section [chorus]"};
  return draft;
}

TEST(LyricsJson, body_of_a_brief_is_the_untouched_form) {
  LyricsRequest untouched;
  untouched.brief = "rain";
  validate(untouched);
  EXPECT_EQ(lyrics_request_json(request_of(R"({"mode": "lyrics", "brief": "rain"})")),
            lyrics_request_json(untouched));
}

TEST(LyricsJson, written_requests_are_read_back) {
  LyricsRequest request;
  request.brief = "rain";
  request.rhyme = Rhyme::Strict;
  request.seed = -1;
  request.top_k = 0;
  validate(request);
  std::vector<std::string> warnings;
  const Json written = lyrics_request_json(request);
  EXPECT_EQ(lyrics_request_json(parse_lyrics_request(written, warnings)), written);
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(LyricsJson, seed_of_null_is_drawn) {
  EXPECT_EQ(request_of(R"({"brief": "x", "seed": null})").seed, -1);
  EXPECT_EQ(request_of(R"({"brief": "x"})").seed, 42);
}

TEST(LyricsJson, bad_bodies_are_refused_by_name) {
  EXPECT_THAT([] { request_of("[]"); }, ThrowsMessage<Error>(HasSubstr("JSON object")));
  EXPECT_THAT([] { request_of("{}"); }, ThrowsMessage<Error>(HasSubstr("'brief' is missing")));
  EXPECT_THAT([] { request_of(R"({"brief": 1})"); }, ThrowsMessage<Error>(HasSubstr("'brief'")));
  EXPECT_THAT([] { request_of(R"({"brief": "x", "mode": "cover"})"); },
              ThrowsMessage<Error>(HasSubstr("'mode'")));
  EXPECT_THAT([] { request_of(R"({"schema": "ams.meta/1", "mode": "lyrics"})"); },
              ThrowsMessage<Error>(HasSubstr("does not hold the request")));
}

TEST(LyricsJson, unknown_fields_warn) {
  std::vector<std::string> warnings;
  parse_lyrics_request(parsed(R"({"brief": "x", "color": 1})"), warnings);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("color")));
}

TEST(LyricsJson, lyrics_bodies_are_told_by_their_mode) {
  EXPECT_TRUE(is_lyrics_request(parsed(R"({"mode": "lyrics"})")));
  EXPECT_FALSE(is_lyrics_request(parsed(R"({"mode": 1})")));
  EXPECT_FALSE(is_lyrics_request(parsed("[]")));
}

TEST(LyricsJson, metadata_names_what_was_used) {
  const Json document =
      lyrics_metadata_json(request_of(R"({"brief": "rain", "seed": -1})"), some_draft(), {});
  EXPECT_EQ(document.at("seed").as_int(), 1234);
  EXPECT_EQ(document.at("mode_params").at("seed").as_int(), 1234);
  EXPECT_EQ(document.at("models").at("lyrics").as_string(), "Qwen2.5-7B-Instruct");
  EXPECT_EQ(document.at("app").at("precision").as_string(), "q8_0");
  EXPECT_EQ(document.at("stop_reason").as_string(), "length");
  EXPECT_EQ(document.at("prompt").as_string(), "rain");
  EXPECT_EQ(document.at("output_sha256").as_string(), sha256_of("[verse 1]\nla\n"));
  EXPECT_EQ(document.at("warnings").size(), 1);
}

TEST(LyricsJson, metadata_does_not_echo_the_lyrics) {
  const Json document = lyrics_metadata_json(request_of(R"({"brief": "x"})"), some_draft(), {});
  EXPECT_EQ(document.at("lyrics_first_line").as_string(), "[verse 1]");
  EXPECT_THAT(document.dump(), Not(HasSubstr("\\nla")));
  EXPECT_FALSE(document.contains("request"));
}

TEST(LyricsJson, kept_request_repeats_the_draft) {
  JobFacts facts;
  facts.keeps_request = true;
  const Json document =
      lyrics_metadata_json(request_of(R"({"brief": "x", "seed": -1})"), some_draft(), facts);
  std::vector<std::string> warnings;
  EXPECT_EQ(parse_lyrics_request(document, warnings).seed, 1234);
}

}  // namespace
}  // namespace ams
