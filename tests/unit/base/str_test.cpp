#include "base/str.h"

#include <vector>

#include <gtest/gtest.h>

namespace ams {
namespace {

TEST(Str, joins_printable_parts) { EXPECT_EQ(str("a", 1, ' ', 2.5, std::string("b")), "a1 2.5b"); }

TEST(ShapeStr, lists_dimensions_outermost_first) {
  EXPECT_EQ(shape_str(std::vector<int64_t>{2, 3, 4}), "[2, 3, 4]");
  EXPECT_EQ(shape_str({}), "[]");
}

TEST(IsUtf8, accepts_every_length_of_sequence) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("plain"));
  EXPECT_TRUE(is_utf8("\xC3\xA9"));          // e with acute accent
  EXPECT_TRUE(is_utf8("\xE4\xB8\xAD"));      // a CJK ideograph
  EXPECT_TRUE(is_utf8("\xF0\x9F\x8E\xB5"));  // a musical note
  EXPECT_TRUE(is_utf8("\xF4\x8F\xBF\xBF"));  // U+10FFFF
}

TEST(IsUtf8, rejects_overlong_forms) {
  EXPECT_FALSE(is_utf8("\xC0\xAF"));
  EXPECT_FALSE(is_utf8("\xE0\x80\xAF"));
  EXPECT_FALSE(is_utf8("\xF0\x80\x80\xAF"));
}

TEST(IsUtf8, rejects_surrogates_and_code_points_past_the_end) {
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));
  EXPECT_FALSE(is_utf8("\xF4\x90\x80\x80"));
  EXPECT_FALSE(is_utf8("\xFF"));
}

TEST(IsUtf8, rejects_cut_and_stray_bytes) {
  EXPECT_FALSE(is_utf8("\xE4\xB8"));
  EXPECT_FALSE(is_utf8("\x80"));
  EXPECT_FALSE(is_utf8("\xC3 "));
}

}  // namespace
}  // namespace ams
