#include "api/request_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace ams {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string error_of(const std::string& body) {
  std::vector<std::string> warnings;
  try {
    parse_song_request(Json::parse(body, "body"), warnings);
  } catch (const Error& error) {
    return std::string(error_code_info(error.code()).name) + ": " + error.what();
  }
  return "";
}

TEST(RequestJson, minimal_body_is_the_untouched_form) {
  std::vector<std::string> warnings;
  const Json body = Json::parse(R"({"prompt": "jazz"})", "body");
  const SongRequest request = parse_song_request(body, warnings);
  GenerateRequest untouched;
  untouched.prompt = "jazz";
  EXPECT_EQ(song_request_json(request), song_request_json(untouched));
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(RequestJson, written_requests_are_read_back) {
  GenerateRequest request;
  request.prompt = "jazz";
  request.lyrics = "[Verse]\nla";
  request.seed = 5;
  request.compat = Compatibility::Bf16Tables;
  request.advanced.infer_method = InferMethod::Sde;
  request.advanced.inference_steps = 50;
  request.lm.thinking = false;
  request.dcw.enabled = true;
  std::vector<std::string> warnings;
  const Json written = song_request_json(request);
  EXPECT_EQ(song_request_json(parse_song_request(written, warnings)), written);
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(RequestJson, knobs_are_grouped) {
  std::vector<std::string> warnings;
  const auto request = std::get<GenerateRequest>(
      parse_song_request(Json::parse(R"({"mode": "generate", "prompt": "x", "duration_s": 12.5,
                      "advanced": {"inference_steps": 8, "infer_method": "sde"},
                      "lm": {"cfg": 3, "thinking": false}, "dcw": {}})",
                                     "body"),
                         warnings));
  EXPECT_EQ(request.duration_seconds, 12.5);
  EXPECT_EQ(request.advanced.inference_steps, 8);
  EXPECT_EQ(request.advanced.infer_method, InferMethod::Sde);
  EXPECT_EQ(request.lm.cfg, 3);
  EXPECT_FALSE(request.lm.thinking);
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(RequestJson, unknown_fields_are_warnings) {
  std::vector<std::string> warnings;
  parse_song_request(Json::parse(R"({"prompt": "x", "colour": 1})", "body"), warnings);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("'colour'")));
}

TEST(RequestJson, bad_bodies_name_the_field) {
  EXPECT_THAT(error_of("{}"), HasSubstr("invalid_request: request: 'prompt' is missing"));
  EXPECT_THAT(error_of("[]"), HasSubstr("invalid_request"));
  EXPECT_THAT(error_of(R"({"prompt": "x", "duration_s": 601})"), HasSubstr("5 to 600 s"));
  EXPECT_THAT(error_of(R"({"prompt": "x", "mode": "dance"})"), HasSubstr("one of: generate"));
  EXPECT_THAT(error_of(R"({"prompt": "x", "lm": {"top_k": -1}})"), HasSubstr("'lm.top_k' is -1"));
  EXPECT_THAT(error_of(R"({"prompt": ["x"]})"), HasSubstr("'prompt'"));
}

TEST(RequestJson, every_mode_is_read_back) {
  for (const std::string& mode : song_modes()) {
    SongRequest request = make_song_request(mode);
    *std::get<std::string*>(fields(request).front().member) = "a.wav";
    controls_of(request).loras = {{"adapter", 0.5}, {"other", {}}};
    std::vector<std::string> warnings;
    const Json written = song_request_json(request);
    const SongRequest read = parse_song_request(written, warnings);
    EXPECT_EQ(written.at("mode").as_string(), mode);
    EXPECT_EQ(song_request_json(read), written);
    EXPECT_EQ(controls_of(read).loras, controls_of(request).loras);
    EXPECT_THAT(warnings, IsEmpty());
  }
}

TEST(RequestJson, adapters_are_objects) {
  EXPECT_THAT(error_of(R"({"prompt": "x", "loras": "a"})"), HasSubstr("'loras'"));
  EXPECT_THAT(error_of(R"({"prompt": "x", "loras": [{"strength": 1}]})"), HasSubstr("name"));
  EXPECT_THAT(error_of(R"({"prompt": "x", "loras": [{"name": "a", "strength": 2}]})"),
              HasSubstr("0 to 1.5"));
  EXPECT_EQ(error_of(R"({"prompt": "x", "loras": [{"path": "a", "strength": 1}]})"), "");
}

TEST(RequestJson, metadata_without_its_request_cannot_be_run) {
  EXPECT_THAT(error_of(R"({"schema": "ams.meta/1", "prompt": "x"})"),
              HasSubstr("does not hold the request"));
  EXPECT_THAT(error_of(R"({"schema": "ams.meta/1", "request": {"schema": "ams.meta/1"}})"),
              HasSubstr("no request"));
}

}  // namespace
}  // namespace ams
