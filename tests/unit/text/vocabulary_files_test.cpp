#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "text/tokenizer.h"
#include "unit/text/tokenizer_folder.h"

namespace ams {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class VocabularyFiles : public testing::Test {
 protected:
  VocabularyFiles() { write_vocabulary_files(small_tokenizer_json(), folder_); }
  std::shared_ptr<const Tokenizer> load() const { return Tokenizer::load(folder_.path()); }
  ErrorCode load_error() const {
    try {
      load();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::Internal;  // loaded
  }

  TemporaryFolder folder_;
};

TEST_F(VocabularyFiles, encode_as_the_tokenizer_json_does) {
  const auto tokenizer = load();
  EXPECT_THAT(tokenizer->encode("hello  hello<|a|><|b|>", SpecialTokens::Parse),
              ElementsAre(259, ' ', 260, 306));
  EXPECT_THAT(tokenizer->appended_tokens(), IsEmpty());
  EXPECT_EQ(tokenizer->vocab_size(), 307);
}

TEST_F(VocabularyFiles, qwen_names_of_special_tokens_are_known) {
  EXPECT_EQ(load()->decode(std::vector<int32_t>{301, 303, 259, 302}, /*skip_special=*/true),
            "<think>hello");
}

TEST_F(VocabularyFiles, configuration_may_hold_the_added_tokens) {
  std::filesystem::remove(folder_.path() / "added_tokens.json");
  folder_.write("tokenizer_config.json",
                R"({"tokenizer_class": "Qwen2Tokenizer", "added_tokens_decoder": {
                    "300": {"content": "<|im_end|>", "special": true},
                    "301": {"content": "<think>", "special": false}}})");
  const auto tokenizer = load();
  EXPECT_THAT(tokenizer->encode("<think><|im_end|>", SpecialTokens::Parse), ElementsAre(301, 300));
  EXPECT_EQ(tokenizer->decode(std::vector<int32_t>{301, 300}, /*skip_special=*/true), "<think>");
}

TEST_F(VocabularyFiles, configuration_and_added_tokens_must_agree) {
  folder_.write("tokenizer_config.json",
                R"({"added_tokens_decoder": {"300": {"content": "<|endoftext|>"}}})");
  EXPECT_NO_THROW(load());
  folder_.write("tokenizer_config.json",
                R"({"added_tokens_decoder": {"300": {"content": "<|im_end|>"}}})");
  EXPECT_EQ(load_error(), ErrorCode::CorruptFile);
}

TEST_F(VocabularyFiles, windows_line_ends_are_accepted) {
  folder_.write("merges.txt", "#version: 0.2\r\nh e\r\n\r\nl l\r\n");
  EXPECT_THAT(load()->encode("hell", SpecialTokens::AsText), ElementsAre(256, 257));
}

TEST_F(VocabularyFiles, each_corrupt_file_is_named_an_error) {
  const std::vector<std::tuple<const char*, const char*, ErrorCode>> cases = {
      {"vocab.json", "[1]", ErrorCode::CorruptFile},
      {"vocab.json", "{\"a\": 0}", ErrorCode::CorruptFile},
      {"vocab.json", "{\"a\": -1}", ErrorCode::CorruptFile},
      {"vocab.json", "{", ErrorCode::CorruptFile},
      {"merges.txt", "he\n", ErrorCode::CorruptFile},
      {"merges.txt", "h zz\n", ErrorCode::CorruptFile},
      {"merges.txt", "h e\nh e\n", ErrorCode::CorruptFile},
      {"merges.txt", "h  e\n", ErrorCode::CorruptFile},
      {"added_tokens.json", "[]", ErrorCode::CorruptFile},
      {"added_tokens.json", "{\"<x>\": 5}", ErrorCode::CorruptFile},
      {"added_tokens.json", "{\"\": 400}", ErrorCode::CorruptFile},
      {"tokenizer_config.json", "{\"tokenizer_class\": \"T5\"}", ErrorCode::Unsupported},
      {"tokenizer_config.json", "{\"tokenizer_class\": 5}", ErrorCode::CorruptFile},
      {"tokenizer_config.json", "{\"add_prefix_space\": true}", ErrorCode::Unsupported},
      {"tokenizer_config.json",
       "{\"added_tokens_decoder\": {\"x\": {\"content\": \"y\"}}}",
       ErrorCode::CorruptFile},
      {"tokenizer_config.json",
       "{\"added_tokens_decoder\": {\"400\": {}}}",
       ErrorCode::CorruptFile},
      {"tokenizer_config.json",
       "{\"added_tokens_decoder\": {\"400\": {\"content\": \"y\", \"lstrip\": true}}}",
       ErrorCode::Unsupported}};
  for (const auto& [name, content, code] : cases) {
    write_vocabulary_files(small_tokenizer_json(), folder_);
    std::filesystem::remove(folder_.path() / "tokenizer_config.json");
    ASSERT_NO_THROW(load());
    folder_.write(name, content);
    EXPECT_EQ(load_error(), code) << name << ": " << content;
  }
}

TEST_F(VocabularyFiles, missing_files_are_not_found) {
  std::filesystem::remove(folder_.path() / "merges.txt");
  EXPECT_EQ(load_error(), ErrorCode::NotFound);
  std::filesystem::remove(folder_.path() / "vocab.json");
  EXPECT_EQ(load_error(), ErrorCode::NotFound);
  EXPECT_THROW(Tokenizer::load(std::string(5000, 'x')), Error);  // longer than any path may be
}

}  // namespace
}  // namespace ams
