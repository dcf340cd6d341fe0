#include <gtest/gtest.h>

#include "base/json.h"
#include "planner/reasoning_writer.h"
#include "planner/yaml_resolution.h"
#include "planner/yaml_scalar.h"

namespace ams {
namespace {

std::string caption_line(const std::string& caption) {
  return "caption: " + yaml_scalar(caption, 9);
}

// yaml_cases.json holds what PyYAML 6.0.3 wrote for each string.
TEST(YamlScalar, equals_pyyaml) {
  const Json cases =
      Json::parse_file(AMS_TEST_SOURCE_DIR "/tests/unit/planner/data/yaml_cases.json");
  ASSERT_GT(cases.size(), 100);
  for (int64_t i = 0; i < cases.size(); ++i) {
    const std::string value = cases.at(i).at(int64_t{0}).as_string();
    const std::string written = cases.at(i).at(int64_t{1}).as_string();
    EXPECT_EQ(caption_line(value), written) << "case " << i << ": " << value;
  }
}

TEST(YamlScalar, long_captions_fold_after_column_80) {
  EXPECT_EQ(caption_line("An atmospheric blend of downtempo electronica and soulful vocals unfolds "
                         "over a steady, sparse beat, with warm analogue pads and a breathy female "
                         "lead that builds towards a cathartic final chorus."),
            "caption: An atmospheric blend of downtempo electronica and soulful vocals unfolds\n"
            "  over a steady, sparse beat, with warm analogue pads and a breathy female lead that\n"
            "  builds towards a cathartic final chorus.");
}

TEST(YamlScalar, ambiguous_text_is_quoted) {
  EXPECT_EQ(caption_line("Rock: loud and fast"), "caption: 'Rock: loud and fast'");
  EXPECT_EQ(caption_line("It's loud"), "caption: It's loud");
  EXPECT_EQ(caption_line("'quoted by LM: x'"), "caption: '''quoted by LM: x'''");
  EXPECT_EQ(caption_line("mid #hash"), "caption: 'mid #hash'");
  EXPECT_EQ(caption_line("a\tb"), "caption: \"a\\tb\"");
}

TEST(YamlScalar, absurd_lengths_are_written) {
  const std::string digits(1'000'000, '1');
  EXPECT_EQ(yaml_scalar(digits, 9), "'" + digits + "'");
  EXPECT_FALSE(yaml_is_string(digits));
}

TEST(YamlUnquote, inverts_one_line_scalars) {
  EXPECT_EQ(yaml_unquote("'Mood: x'"), "Mood: x");
  EXPECT_EQ(yaml_unquote("'it''s'"), "it's");
  EXPECT_EQ(yaml_unquote("\"a\\tb\\u00e9\\\"\""), "a\tb\u00e9\"");
  EXPECT_EQ(yaml_unquote("''"), "");
}

TEST(YamlUnquote, keeps_what_is_no_complete_scalar) {
  for (const char* text :
       {"'a", "a'", "'", "'a' b", "'a'b'", "\"a\" and \"b\"", "\"a\\\"", "", "it's"}) {
    EXPECT_EQ(yaml_unquote(text), text);
  }
  EXPECT_EQ(yaml_unquote("\"\\uD800 \\u0000 \\U99999999 \\u12\""), "uD800 u0000 U99999999 u12");
}

TEST(ReasoningWriter, writes_present_fields_in_order) {
  EXPECT_EQ(write_reasoning({.bpm = 120,
                             .caption = "A calm solo piano piece.",
                             .duration_seconds = 30,
                             .key_scale = "C major",
                             .language = "unknown",
                             .time_signature = "4"}),
            "bpm: 120\ncaption: A calm solo piano piece.\nduration: 30\nkeyscale: C major\n"
            "language: unknown\ntimesignature: 4");
  EXPECT_EQ(write_reasoning({}), "");
}

TEST(ReasoningWriter, norwegian_is_quoted_and_four_four_is_a_number) {
  EXPECT_EQ(write_reasoning({.language = "no", .time_signature = "4/4"}),
            "language: 'no'\ntimesignature: 4");
  EXPECT_EQ(write_reasoning({.time_signature = "6/8"}), "timesignature: 6/8");
}

}  // namespace
}  // namespace ams
