#include "text/tokenizer.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "text/unicode.h"
#include "unit/text/tokenizer_folder.h"

namespace ams {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SmallTokenizer : public testing::Test {
 protected:
  SmallTokenizer() {
    folder_.write("tokenizer.json", small_tokenizer_json().dump());
    tokenizer_ = Tokenizer::load(folder_.path());
  }
  std::vector<int32_t> as_text(std::string_view text) const {
    return tokenizer_->encode(text, SpecialTokens::AsText);
  }
  std::vector<int32_t> parsed(std::string_view text) const {
    return tokenizer_->encode(text, SpecialTokens::Parse);
  }

  TemporaryFolder folder_;
  std::shared_ptr<const Tokenizer> tokenizer_;
};

TEST_F(SmallTokenizer, merges_by_rank) {
  EXPECT_THAT(as_text("hello"), ElementsAre(259));
  EXPECT_THAT(as_text("hello hello"), ElementsAre(259, 260));
  EXPECT_THAT(as_text("hel"), ElementsAre(256, 'l'));
  EXPECT_THAT(as_text("lll"), ElementsAre(257, 'l'));  // the leftmost of equal pairs first
}

TEST_F(SmallTokenizer, last_space_of_a_run_joins_the_next_word) {
  EXPECT_THAT(as_text("   hello"), ElementsAre(261, 260));
}

TEST_F(SmallTokenizer, text_is_composed_before_merging) {
  EXPECT_THAT(as_text("e\xCC\x81"), ElementsAre(262));
  EXPECT_THAT(as_text("\xC3\xA9"), ElementsAre(262));
}

TEST_F(SmallTokenizer, empty_text_has_no_tokens) {
  EXPECT_THAT(as_text(""), IsEmpty());
  EXPECT_THAT(parsed(""), IsEmpty());
}

TEST_F(SmallTokenizer, special_tokens_are_parsed_only_on_request) {
  EXPECT_THAT(parsed("<|im_end|>"), ElementsAre(302));
  EXPECT_EQ(as_text("<|im_end|>").size(), 10u);
  EXPECT_THAT(parsed("hello<think>hello"), ElementsAre(259, 303, 259));
}

TEST_F(SmallTokenizer, longest_special_token_wins) {
  EXPECT_THAT(parsed("<|a|><|b|>"), ElementsAre(306));
  EXPECT_THAT(parsed("<|a|><|a|><|b|>"), ElementsAre(305, 306));
  EXPECT_THAT(parsed("<<|a|>"), ElementsAre('<', 305));
}

TEST_F(SmallTokenizer, post_processor_gives_appended_tokens) {
  EXPECT_THAT(tokenizer_->appended_tokens(), ElementsAre(300));
  EXPECT_THAT(encode_with_appended(*tokenizer_, "hello", SpecialTokens::Parse, 8),
              ElementsAre(259, 300));
}

TEST_F(SmallTokenizer, truncation_keeps_the_appended_tokens) {
  const auto cut = [&](int64_t max_length) {
    return encode_with_appended(*tokenizer_, "abcd", SpecialTokens::AsText, max_length);
  };
  EXPECT_THAT(cut(5), ElementsAre('a', 'b', 'c', 'd', 300));
  EXPECT_THAT(cut(4), ElementsAre('a', 'b', 'c', 300));
  EXPECT_THAT(cut(1), ElementsAre(300));
  EXPECT_THROW(cut(0), Error);
}

TEST_F(SmallTokenizer, finds_literals_and_bytes) {
  EXPECT_EQ(tokenizer_->find("<|im_start|>"), 301);
  EXPECT_EQ(tokenizer_->find(" hello"), 260);
  EXPECT_EQ(tokenizer_->find("goodbye"), std::nullopt);
  EXPECT_EQ(tokenizer_->vocab_size(), 307);
}

TEST_F(SmallTokenizer, token_bytes_are_raw_bytes) {
  EXPECT_EQ(tokenizer_->token_bytes(260), " hello");
  EXPECT_EQ(tokenizer_->token_bytes(0xC3), "\xC3");
  EXPECT_EQ(tokenizer_->token_bytes(300), "<|endoftext|>");
}

TEST_F(SmallTokenizer, decode_leaves_out_special_tokens_on_request) {
  const std::vector<int32_t> ids = {301, 259, 303, 302};
  EXPECT_EQ(tokenizer_->decode(ids, /*skip_special=*/false), "<|im_start|>hello<think><|im_end|>");
  EXPECT_EQ(tokenizer_->decode(ids, /*skip_special=*/true), "hello<think>");
}

TEST_F(SmallTokenizer, decode_replaces_cut_off_characters) {
  EXPECT_EQ(tokenizer_->decode(std::vector<int32_t>{0xC3, 'a'}, false), "\xEF\xBF\xBD\x61");
  EXPECT_EQ(tokenizer_->decode(std::vector<int32_t>{0xC3, 0xA9}, false), "\xC3\xA9");
}

TEST_F(SmallTokenizer, unknown_ids_are_refused) {
  for (const int32_t id : {-1, 263, 299, 307, 1 << 30}) {
    EXPECT_THROW(tokenizer_->token_bytes(id), Error) << id;
    EXPECT_THROW(tokenizer_->decode(std::vector<int32_t>{id}, true), Error) << id;
  }
}

TEST_F(SmallTokenizer, invalid_utf8_is_refused) {
  for (const char* text : {"\xFF", "a\xC3", "\xED\xA0\x80", "\xC0\x80", "\xF4\x90\x80\x80"}) {
    EXPECT_THROW(as_text(text), Error);
    EXPECT_THROW(parsed(text), Error);
  }
}

TEST_F(SmallTokenizer, zero_bytes_are_ordinary_text) {
  EXPECT_THAT(as_text(std::string_view("a\0b", 3)), ElementsAre('a', 0, 'b'));
}

// Would take hours if merging or splitting were quadratic.
TEST_F(SmallTokenizer, long_pieces_are_not_quadratic) {
  EXPECT_EQ(as_text(std::string(1'000'000, 'l')).size(), 500'000u);
  EXPECT_EQ(as_text(std::string(1'000'000, ' ')).size(), 500'000u);
  EXPECT_EQ(as_text(std::string(1'000'000, '\n')).size(), 1'000'000u);
}

void append_utf8(std::string& text, uint32_t c) {
  const auto put = [&](uint32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
  } else {
    put(0xF0 | (c >> 18));
  }
  if (c >= 0x10000) put(0x80 | ((c >> 12) & 0x3F));
  if (c >= 0x800) put(0x80 | ((c >> 6) & 0x3F));
  if (c >= 0x80) put(0x80 | (c & 0x3F));
}

// Mostly the interesting small ranges, sometimes anything.
std::string random_text(std::mt19937& random) {
  constexpr uint32_t kRanges[][2] = {{0x20, 0x7E},
                                     {0x09, 0x0D},
                                     {0xA0, 0x17F},
                                     {0x300, 0x36F},
                                     {0x1100, 0x11FF},
                                     {0x2000, 0x206F},
                                     {0x3040, 0x30FF},
                                     {0xAC00, 0xD7A3},
                                     {0x1F300, 0x1F64F},
                                     {0x01, 0x10FFFF}};
  std::string text;
  const size_t characters = random() % 40;
  for (size_t i = 0; i < characters; ++i) {
    const auto& range = kRanges[random() % std::size(kRanges)];
    const uint32_t c = range[0] + static_cast<uint32_t>(random() % (range[1] - range[0] + 1));
    if (c < 0xD800 || c > 0xDFFF) append_utf8(text, c);
    if (random() % 8 == 0) text += "hello";
  }
  return text;
}

TEST_F(SmallTokenizer, decoding_gives_the_composed_text_back) {
  std::mt19937 random(20250101);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = random_text(random);
    EXPECT_EQ(tokenizer_->decode(as_text(text), /*skip_special=*/true), normalize_nfc(text));
  }
}

}  // namespace
}  // namespace ams
