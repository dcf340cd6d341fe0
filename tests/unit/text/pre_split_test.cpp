#include "text/pre_split.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace ams {
namespace {

using testing::ElementsAre;

TEST(PreSplitter, stretches_between_matches_are_pieces) {
  EXPECT_THAT(PreSplitter("b+").split("abbcbd"), ElementsAre("a", "bb", "c", "b", "d"));
  EXPECT_THAT(PreSplitter("x").split("abc"), ElementsAre("abc"));
}

TEST(PreSplitter, white_space_is_as_unicode_defines_it) {
  const PreSplitter splitter("\\s+|\\S+");
  // U+3000 is white space, U+180E (Mongolian vowel separator) no longer is.
  EXPECT_THAT(splitter.split("a\xE3\x80\x80"
                             "b"),
              ElementsAre("a", "\xE3\x80\x80", "b"));
  EXPECT_THAT(splitter.split("a\xE1\xA0\x8E"
                             "b"),
              ElementsAre("a\xE1\xA0\x8E"
                          "b"));
}

TEST(PreSplitter, refuses_patterns_that_are_wrong_or_consume_nothing) {
  EXPECT_THROW(PreSplitter("(unclosed"), Error);
  EXPECT_THROW(PreSplitter(std::string(5000, 'a')), Error);
  EXPECT_THROW(PreSplitter("\\C"), Error);  // would cut characters
  EXPECT_THROW(PreSplitter("a*").split("b"), Error);
  EXPECT_THROW(PreSplitter("(?<=a)|b").split("ab"), Error);
}

TEST(PreSplitter, stops_a_pattern_that_backtracks_without_end) {
  const PreSplitter splitter("(a+)+(a+)+$");
  try {
    splitter.split(std::string(60, 'a') + "b");
    FAIL() << "expected the match limit to be reached";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Unsupported);
  }
}

}  // namespace
}  // namespace ams
