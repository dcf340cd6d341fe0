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
    parse_generate_request(Json::parse(body, "body"), warnings);
  } catch (const Error& error) {
    return std::string(error_code_info(error.code()).name) + ": " + error.what();
  }
  return "";
}

TEST(RequestJson, minimal_body_is_the_untouched_form) {
  std::vector<std::string> warnings;
  const Json body = Json::parse(R"({"prompt": "jazz"})", "body");
  const GenerateRequest request = parse_generate_request(body, warnings);
  GenerateRequest untouched;
  untouched.prompt = "jazz";
  EXPECT_EQ(generate_request_json(request), generate_request_json(untouched));
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
  const Json written = generate_request_json(request);
  EXPECT_EQ(generate_request_json(parse_generate_request(written, warnings)), written);
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(RequestJson, knobs_are_grouped) {
  std::vector<std::string> warnings;
  const GenerateRequest request =
      parse_generate_request(Json::parse(R"({"mode": "generate", "prompt": "x", "duration_s": 12.5,
                      "advanced": {"inference_steps": 8, "infer_method": "sde"},
                      "lm": {"cfg": 3, "thinking": false}, "dcw": {}})",
                                         "body"),
                             warnings);
  EXPECT_EQ(request.duration_seconds, 12.5);
  EXPECT_EQ(request.advanced.inference_steps, 8);
  EXPECT_EQ(request.advanced.infer_method, InferMethod::Sde);
  EXPECT_EQ(request.lm.cfg, 3);
  EXPECT_FALSE(request.lm.thinking);
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(RequestJson, unknown_fields_are_warnings) {
  std::vector<std::string> warnings;
  parse_generate_request(Json::parse(R"({"prompt": "x", "colour": 1})", "body"), warnings);
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

}  // namespace
}  // namespace ams
