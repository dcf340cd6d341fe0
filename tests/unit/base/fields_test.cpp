#include "base/fields.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace ams {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

enum class Colour { Red, Green };

struct Sample {
  bool loud = true;
  int64_t steps = 27;
  double shift = 1.5;
  std::string title = "none";
  std::optional<int64_t> bpm;
  std::optional<double> gain;
  Colour colour = Colour::Red;
};

Fields fields(Sample& sample) {
  return {
      {.name = "loud", .member = &sample.loud},
      {.name = "steps", .group = "advanced", .member = &sample.steps, .range = {8, 80}},
      {.name = "shift",
       .group = "advanced",
       .member = &sample.shift,
       .range = {0.5, 3},
       .unit = "s"},
      {.name = "title", .member = &sample.title, .range = {1, 5}},
      {.name = "bpm", .member = &sample.bpm, .range = {30, 300}},
      {.name = "gain", .member = &sample.gain},
      {.name = "colour", .member = EnumMember(&sample.colour), .choices = {"red", "green"}},
  };
}

template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return std::string(error_code_info(error.code()).name) + ": " + error.what();
  }
  return "";
}

class FieldsTest : public testing::Test {
 protected:
  void read(const std::string& json) {
    read_json(fields(sample_), Json::parse(json, "test"), warnings_);
  }
  std::string read_error(const std::string& json) {
    return error_of([&] { read(json); });
  }
  std::string check_error() {
    return error_of([&] { check_ranges(fields(sample_)); });
  }

  Sample sample_;
  std::vector<std::string> warnings_;
};

TEST_F(FieldsTest, json_sets_members_of_every_type) {
  read(R"({"loud": false, "title": "abc", "bpm": 90, "gain": -0.5, "colour": "green",
           "advanced": {"steps": 40, "shift": 2}})");
  EXPECT_FALSE(sample_.loud);
  EXPECT_EQ(sample_.title, "abc");
  EXPECT_EQ(sample_.bpm, 90);
  EXPECT_EQ(sample_.gain, -0.5);
  EXPECT_EQ(sample_.colour, Colour::Green);
  EXPECT_EQ(sample_.steps, 40);
  EXPECT_EQ(sample_.shift, 2);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(FieldsTest, absent_and_null_members_keep_their_value) {
  read(R"({"title": null, "advanced": null})");
  EXPECT_EQ(sample_.title, "none");
  EXPECT_EQ(sample_.steps, 27);
}

TEST_F(FieldsTest, written_json_is_read_back) {
  sample_.gain = 0.25;
  sample_.colour = Colour::Green;
  const Json written = write_json(fields(sample_));
  EXPECT_EQ(written.at("advanced").at("steps").as_int(), 27);
  EXPECT_TRUE(written.at("bpm").is_null());
  Sample other;
  read_json(fields(other), written, warnings_);
  EXPECT_EQ(write_json(fields(other)), written);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(FieldsTest, unknown_names_become_warnings) {
  read(R"({"tempo": 1, "steps": 9, "advanced": {"title": "x"}})");
  EXPECT_THAT(
      warnings_,
      ElementsAre(HasSubstr("'steps'"), HasSubstr("'tempo'"), HasSubstr("'advanced.title'")));
  EXPECT_EQ(sample_.steps, 27);
}

TEST_F(FieldsTest, wrong_types_name_field_value_and_range) {
  EXPECT_EQ(read_error(R"({"advanced": {"steps": "many"}})"),
            "invalid_request: request: 'advanced.steps' is 'many', expected 8 to 80");
  EXPECT_THAT(read_error(R"({"loud": 1})"), HasSubstr("'loud' is 1, expected true or false"));
  EXPECT_THAT(read_error(R"({"title": 7})"), HasSubstr("'title' is 7"));
  EXPECT_THAT(read_error(R"({"advanced": 5})"), HasSubstr("'advanced' is 5, expected an object"));
  EXPECT_THAT(read_error("[1]"), HasSubstr("expected a JSON object"));
}

TEST_F(FieldsTest, integers_reject_fractions_and_accept_whole_reals) {
  EXPECT_THAT(read_error(R"({"advanced": {"steps": 8.5}})"), HasSubstr("'advanced.steps' is 8.5"));
  EXPECT_THAT(read_error(R"({"bpm": 1e300})"), HasSubstr("'bpm' is 1e+300"));
  read(R"({"bpm": 90.0})");
  EXPECT_EQ(sample_.bpm, 90);
}

TEST_F(FieldsTest, unknown_choices_list_the_valid_ones) {
  EXPECT_THAT(read_error(R"({"colour": "blue"})"),
              HasSubstr("'colour' is 'blue', expected one of: red, green"));
}

TEST_F(FieldsTest, ranges_are_inclusive) {
  sample_.steps = 8;
  EXPECT_EQ(check_error(), "");
  sample_.steps = 80;
  EXPECT_EQ(check_error(), "");
  sample_.steps = 81;
  EXPECT_EQ(check_error(), "invalid_request: request: 'advanced.steps' is 81, expected 8 to 80");
}

TEST_F(FieldsTest, empty_optionals_have_no_range) {
  EXPECT_EQ(check_error(), "");
  sample_.bpm = 0;
  EXPECT_THAT(check_error(), HasSubstr("'bpm' is 0, expected 30 to 300"));
}

TEST_F(FieldsTest, not_a_number_is_outside_every_range) {
  sample_.shift = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(check_error(), HasSubstr("advanced.shift"));
}

TEST_F(FieldsTest, text_length_counts_characters_not_bytes) {
  sample_.title = "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9";
  EXPECT_EQ(check_error(), "");
  sample_.title += "e";
  EXPECT_THAT(check_error(), HasSubstr("expected 1 to 5 characters"));
  sample_.title = "";
  EXPECT_THAT(check_error(), HasSubstr("'title' is empty"));
}

TEST_F(FieldsTest, long_texts_are_not_echoed) {
  sample_.title = std::string(100, 'x');
  EXPECT_THAT(check_error(), HasSubstr("a text of 100 characters"));
}

TEST_F(FieldsTest, words_set_members) {
  const Fields rows = fields(sample_);
  read_text(rows[0], "false");
  read_text(rows[1], "12");
  read_text(rows[2], "0.75");
  read_text(rows[4], "120");
  read_text(rows[6], "green");
  EXPECT_FALSE(sample_.loud);
  EXPECT_EQ(sample_.steps, 12);
  EXPECT_EQ(sample_.shift, 0.75);
  EXPECT_EQ(sample_.bpm, 120);
  EXPECT_EQ(sample_.colour, Colour::Green);
}

TEST_F(FieldsTest, broken_words_are_rejected) {
  const Fields rows = fields(sample_);
  for (const char* word : {"", "x", "1x", " 1", "0x10", "nan", "inf", "1e999"}) {
    EXPECT_THAT(error_of([&] { read_text(rows[1], word); }), HasSubstr("expected 8 to 80")) << word;
  }
  EXPECT_THAT(error_of([&] { read_text(rows[3], "\xFF"); }), HasSubstr("not valid UTF-8"));
  EXPECT_THAT(error_of([&] { read_text(rows[0], "yes"); }), HasSubstr("expected true or false"));
}

TEST_F(FieldsTest, ranges_and_values_are_described) {
  const Fields rows = fields(sample_);
  EXPECT_EQ(describe_range(rows[2]), "0.5 to 3 s");
  EXPECT_EQ(describe_range(rows[5]), "a number");
  EXPECT_EQ(describe_value(rows[1]), "27");
  EXPECT_EQ(describe_value(rows[2]), "1.5");
  EXPECT_EQ(describe_value(rows[4]), "");
  EXPECT_EQ(describe_value(rows[6]), "red");
}

}  // namespace
}  // namespace ams
