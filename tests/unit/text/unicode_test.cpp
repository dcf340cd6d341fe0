#include "text/unicode.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace ams {
namespace {

TEST(NormalizeNfc, composes_and_orders_marks) {
  EXPECT_EQ(normalize_nfc("cafe\xCC\x81"), "caf\xC3\xA9");
  EXPECT_EQ(normalize_nfc("\xE2\x84\xAB"), "\xC3\x85");                              // U+212B
  EXPECT_EQ(normalize_nfc("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"), "\xED\x95\x9C");  // Hangul
  // U+0323 (below) sorts before U+0307 (above).
  EXPECT_EQ(normalize_nfc("q\xCC\x87\xCC\xA3"), "q\xCC\xA3\xCC\x87");
}

TEST(NormalizeNfc, keeps_compatibility_characters_and_zero_bytes) {
  EXPECT_EQ(normalize_nfc("\xEF\xAC\x81"), "\xEF\xAC\x81");  // the fi ligature
  const std::string text("a\0\xCC\x81", 4);
  EXPECT_EQ(normalize_nfc(text), text);
}

TEST(NormalizeNfc, refuses_endless_combining_marks) {
  std::string text = "a";
  for (int i = 0; i < 1024; ++i) text += i % 2 == 0 ? "\xCC\x87" : "\xCC\xA3";
  EXPECT_NO_THROW(normalize_nfc(text));
  EXPECT_THROW(normalize_nfc(text + "\xCC\xA3"), Error);
}

TEST(RepairUtf8, replaces_each_maximal_ill_formed_part) {
  constexpr const char* kMark = "\xEF\xBF\xBD";
  const std::string mark = kMark;
  EXPECT_EQ(repair_utf8("a\xC3\xA9\xF0\x9F\x8E\xB5z"), "a\xC3\xA9\xF0\x9F\x8E\xB5z");
  EXPECT_EQ(repair_utf8("\xF0\x9F\x8E"), mark);  // one cut-off character
  EXPECT_EQ(repair_utf8("\xF0\x9F\x8E"
                        "a"),
            mark + "a");
  EXPECT_EQ(repair_utf8("\xC3\xC3\xA9"), mark + "\xC3\xA9");
  EXPECT_EQ(repair_utf8("\x80\x80"), mark + mark);
  EXPECT_EQ(repair_utf8("\xE0\x80\x80"), mark + mark + mark);  // overlong
  EXPECT_EQ(repair_utf8("\xED\xA0\x80"), mark + mark + mark);  // surrogate
  EXPECT_EQ(repair_utf8("\xF4\x90\x80\x80"), mark + mark + mark + mark);
  EXPECT_EQ(repair_utf8("\xC0\xAF\xFF"), mark + mark + mark);
}

}  // namespace
}  // namespace ams
