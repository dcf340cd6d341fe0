#include "studio/requests/lyrics_request.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace ams {
namespace {

using testing::AllOf;
using testing::HasSubstr;

LyricsRequest valid_request() {
  LyricsRequest request;
  request.brief = "a night train home";
  return request;
}

// The message of the error for a request after `change`; empty if it is valid.
template <typename Change>
std::string error_after(Change change) {
  LyricsRequest request = valid_request();
  change(request);
  try {
    validate(request);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::InvalidRequest);
    return error.what();
  }
  return "";
}

TEST(LyricsRequest, brief_must_say_something) {
  EXPECT_EQ(error_after([](auto&) {}), "");
  for (const char* brief : {"", " \n\t"}) {
    EXPECT_THAT(error_after([&](auto& request) { request.brief = brief; }),
                HasSubstr("'brief' is missing; describe the song first"));
  }
}

TEST(LyricsRequest, defaults_are_those_of_the_form) {
  LyricsRequest request;
  std::vector<std::string> values;
  for (const Field& field : fields(request)) values.push_back(describe_value(field));
  const std::vector<std::string> wanted{
      "", "", "en", "6", "4", "2", "", "loose", "0.85", "0.9", "40", "1.1", "600", "42", ""};
  EXPECT_EQ(values, wanted);
}

TEST(LyricsRequest, empty_structure_is_the_usual_one) {
  LyricsRequest request = valid_request();
  request.structure = std::string(3, ' ');
  validate(request);
  EXPECT_EQ(request.structure, "intro, verse, chorus, verse, chorus, bridge, chorus, outro");
}

TEST(LyricsRequest, values_outside_their_range_are_named) {
  EXPECT_THAT(error_after([](auto& r) { r.verse_lines = 11; }),
              AllOf(HasSubstr("'verse_lines' is 11"), HasSubstr("2 to 10")));
  EXPECT_THAT(error_after([](auto& r) { r.chorus_lines = 1; }), HasSubstr("2 to 8"));
  EXPECT_THAT(error_after([](auto& r) { r.bridge_lines = 7; }), HasSubstr("1 to 6"));
  EXPECT_THAT(error_after([](auto& r) { r.temperature = 2.01; }), HasSubstr("0 to 2"));
  EXPECT_THAT(error_after([](auto& r) { r.top_p = -0.1; }), HasSubstr("0 to 1"));
  EXPECT_THAT(error_after([](auto& r) { r.top_k = 201; }), HasSubstr("0 to 200"));
  EXPECT_THAT(error_after([](auto& r) { r.repetition_penalty = 0.9; }), HasSubstr("1 to 2"));
  EXPECT_THAT(error_after([](auto& r) { r.max_new_tokens = 99; }), HasSubstr("100 to 2000"));
  EXPECT_THAT(error_after([](auto& r) { r.language = "xx"; }), HasSubstr("one of: en, zh"));
  EXPECT_THAT(error_after([](auto& r) { r.brief = std::string(4001, 'x'); }), HasSubstr("4000"));
  EXPECT_THAT(error_after([](auto& r) { r.tone = std::string(301, 'x'); }), HasSubstr("300"));
}

TEST(LyricsRequest, seed_zero_is_drawn) {
  LyricsRequest request = valid_request();
  request.seed = 0;
  validate(request);
  EXPECT_EQ(request.seed, -1);
  EXPECT_THAT(error_after([](auto& r) { r.seed = -2; }), HasSubstr("'seed' is -2"));
}

TEST(LyricsRequest, every_row_explains_itself_to_a_form) {
  LyricsRequest request = valid_request();
  for (const Field& field : fields(request)) {
    EXPECT_FALSE(field.help.empty()) << field_path(field);
    EXPECT_LE(field.help.size(), 90u) << field_path(field);
    EXPECT_FALSE(field.label.empty()) << field_path(field);
  }
  EXPECT_EQ(fields(request).front().missing, "describe the song first");
}

}  // namespace
}  // namespace ams
