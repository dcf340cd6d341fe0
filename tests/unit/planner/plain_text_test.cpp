#include "planner/plain_text.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "planner/code_string.h"
#include "planner/fake_tokenizer.h"
#include "planner/text_stream.h"

namespace ams {
namespace {

TEST(PlainText, strip_removes_unicode_white_space) {
  EXPECT_EQ(strip(" \t\n x y \r\n"), "x y");
  EXPECT_EQ(strip("\u3000\u00a0x\u2028\u0085"), "x");
  EXPECT_EQ(strip("\u3000"), "");
  EXPECT_EQ(strip(""), "");
  EXPECT_EQ(strip("\u30b7 "), "\u30b7");
}

TEST(PlainText, strip_leaves_broken_utf8_alone) {
  EXPECT_EQ(strip("\x80\x80"), "\x80\x80");
  EXPECT_EQ(strip(" \xE3\x80"), "\xE3\x80");
  EXPECT_EQ(strip("\xFF "), "\xFF");
}

TEST(PlainText, incomplete_sequences_wait_for_their_rest) {
  EXPECT_EQ(complete_utf8_prefix("a\xE6\x97"), 1u);
  EXPECT_EQ(complete_utf8_prefix("a\xE6\x97\xA5"), 4u);
  EXPECT_EQ(complete_utf8_prefix("\xF0\x9F\x8E"), 0u);
  EXPECT_EQ(complete_utf8_prefix("\x80"), 1u);  // can never become a sequence
  EXPECT_EQ(complete_utf8_prefix("\xE6\x41"), 2u);
  EXPECT_EQ(complete_utf8_prefix(""), 0u);
}

TEST(PlainText, broken_bytes_decode_to_replacement_characters) {
  const std::vector<char32_t> expected{'a', 0xFFFD, 0xFFFD, 'b', 0xFFFD, 0xFFFD, 0xFFFD};
  EXPECT_EQ(code_points("a\xC0\xAF"
                        "b\xED\xA0\x80"),
            expected);
}

TEST(PlainText, user_text_must_be_utf8_without_zero_bytes) {
  EXPECT_NO_THROW(check_user_text("grüße 🎵\n\t", "caption"));
  EXPECT_THROW(check_user_text("\xFF", "caption"), Error);
  EXPECT_THROW(check_user_text(std::string_view("a\0b", 3), "caption"), Error);
}

TEST(TextStream, pieces_never_cut_a_character) {
  const FakeTokenizer tokenizer;
  TextStream stream(tokenizer);
  EXPECT_EQ(stream.push(0xE6), "");
  EXPECT_EQ(stream.push(0x97), "");
  EXPECT_EQ(stream.push(0xA5), "日");
  EXPECT_EQ(stream.push(0xFF), "\uFFFD");
  EXPECT_EQ(stream.push('x'), "x");
  EXPECT_EQ(stream.text(), "日\uFFFDx");
}

TEST(CodeString, literals_round_trip) {
  const std::vector<int32_t> codes{12, 9, 0};
  EXPECT_EQ(audio_code_string(codes), "<|audio_code_12|><|audio_code_9|><|audio_code_0|>");
  EXPECT_EQ(parse_audio_codes(audio_code_string(codes)), codes);
}

TEST(CodeString, huge_numbers_do_not_overflow) {
  const std::string text = "<|audio_code_" + std::string(1000, '9') + "|><|audio_code_|>";
  EXPECT_EQ(parse_audio_codes(text), std::vector<int32_t>{63999});
}

}  // namespace
}  // namespace ams
