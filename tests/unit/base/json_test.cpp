#include "base/json.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace ams {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The error that `action` throws, as "code: message"; empty when it throws none.
template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return std::string(error_code_info(error.code()).name) + ": " + error.what();
  }
  return "";
}

std::string parse_error(const std::string& text) {
  return error_of([&] { Json::parse(text, "request"); });
}

TEST(Json, reads_what_it_wrote) {
  Json song = Json::object();
  song.set("title", "caf\xC3\xA9");
  song.set("bpm", 82);
  song.set("gain", 0.5);
  song.set("tags", Json::array());
  song.set("key", nullptr);
  EXPECT_EQ(Json::parse(song.dump(), "song"), song);
  EXPECT_EQ(Json::parse(song.dump(2), "song"), song);
}

TEST(Json, copies_do_not_see_later_changes) {
  Json first = Json::object();
  first.set("a", 1);
  Json second = first;
  second.set("a", 2);
  EXPECT_EQ(first.at("a").as_int(), 1);
  EXPECT_EQ(second.at("a").as_int(), 2);
}

TEST(Json, members_outlive_their_document) {
  Json member;
  {
    const Json document = Json::parse(R"({"a": {"b": [1, 2]}})", "document");
    member = document.at("a").at("b");
  }
  EXPECT_EQ(member.at(int64_t{1}).as_int(), 2);
}

TEST(Json, keys_are_sorted) {
  EXPECT_THAT(Json::parse(R"({"b": 1, "a": 2})", "x").keys(), ElementsAre("a", "b"));
}

TEST(Json, null_and_missing_members_take_the_fallback) {
  const Json object = Json::parse(R"({"a": null})", "x");
  EXPECT_EQ(object.get("a", 3), 3);
  EXPECT_EQ(object.get("b", "text"), "text");
}

TEST(Json, wrong_types_are_named) {
  const Json object = Json::parse(R"({"steps": "many"})", "x");
  EXPECT_THAT(error_of([&] { object.get("steps", 1); }),
              testing::AllOf(HasSubstr("invalid_request"),
                             HasSubstr("'steps'"),
                             HasSubstr("expected an integer, got string")));
  EXPECT_THAT(error_of([&] { object.at("bpm"); }), HasSubstr("'bpm' is missing"));
}

TEST(Json, reals_are_no_integers) {
  const Json object = Json::parse(R"({"a": 1.5, "b": 1.0, "c": 18446744073709551615})", "x");
  EXPECT_FALSE(object.at("a").is_int());
  EXPECT_FALSE(object.at("b").is_int());
  EXPECT_FALSE(object.at("c").is_int()) << "2^64 - 1 does not fit int64_t";
  EXPECT_TRUE(object.at("c").is_number());
}

TEST(Json, elements_outside_an_array_are_an_error) {
  const Json array = Json::parse("[1]", "x");
  EXPECT_THAT(error_of([&] { array.at(int64_t{1}); }), HasSubstr("outside an array of 1"));
  EXPECT_THAT(error_of([&] { array.at(int64_t{-1}); }), HasSubstr("invalid_request"));
}

TEST(Json, infinities_are_written_as_null) {
  EXPECT_EQ(Json(std::numeric_limits<double>::infinity()).dump(), "null");
  EXPECT_EQ(Json(std::nan("")).dump(), "null");
}

TEST(Json, broken_text_is_a_corrupt_file_with_its_place) {
  for (const char* text : {"", "{", "[1,]", "{\"a\" 1}", "nul", "\"open", "1 2", "\x01", "NaN"}) {
    EXPECT_THAT(parse_error(text), HasSubstr("corrupt_file: json: request is not valid JSON"))
        << text;
  }
  EXPECT_THAT(parse_error("{\n  \"a\": ?\n}"), HasSubstr("line 2, column 8"));
}

TEST(Json, numbers_past_the_range_of_double_are_rejected) {
  EXPECT_THAT(parse_error("1e999"), HasSubstr("corrupt_file"));
}

TEST(Json, deep_nesting_is_rejected_before_the_stack_is_used_up) {
  EXPECT_EQ(parse_error(std::string(60, '[') + std::string(60, ']')), "");
  EXPECT_THAT(parse_error(std::string(1'000'000, '[')), HasSubstr("nested deeper than 64"));
}

TEST(Json, keys_given_twice_are_rejected) {
  EXPECT_THAT(parse_error(R"({"a": 1, "a": 2})"), HasSubstr("the key 'a' twice"));
  EXPECT_EQ(parse_error(R"({"a": {"a": 1}, "b": {"a": 2}})"), "");
}

TEST(Json, text_that_is_not_utf8_is_rejected) {
  EXPECT_THAT(parse_error("\"\xC0\xAF\""), HasSubstr("corrupt_file"));
  EXPECT_THAT(parse_error("\"\\ud800\""), HasSubstr("corrupt_file"));
}

class JsonFile : public testing::Test {
 protected:
  ~JsonFile() override { std::filesystem::remove(path_); }
  std::filesystem::path path_ = std::filesystem::path(testing::TempDir()) / "ams_json_test.json";
};

TEST_F(JsonFile, is_read_with_its_path_in_messages) {
  std::ofstream(path_) << R"({"a": 1})";
  EXPECT_EQ(Json::parse_file(path_).at("a").as_int(), 1);
  std::ofstream(path_) << "{";
  EXPECT_THAT(error_of([&] { Json::parse_file(path_); }), HasSubstr(path_.string()));
}

TEST_F(JsonFile, has_a_size_limit) {
  std::ofstream(path_) << "[1, 2, 3, 4, 5, 6, 7, 8]";
  EXPECT_THAT(error_of([&] { Json::parse_file(path_, 8); }), HasSubstr("unsupported"));
}

TEST_F(JsonFile, that_is_missing_is_not_found) {
  EXPECT_THAT(error_of([&] { Json::parse_file(path_); }), HasSubstr("not_found"));
  EXPECT_THAT(error_of([] { Json::parse_file(testing::TempDir()); }), HasSubstr("json: "))
      << "a folder is no file";
}

}  // namespace
}  // namespace ams
