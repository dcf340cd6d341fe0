// The real Qwen2.5 and Qwen3 tokenizers and the tiny ones of the golden checkpoints, against the
// reference implementation's ids. Needs the full golden data; skipped without it.
#include <array>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "base/error.h"
#include "text/chat_template.h"
#include "text/unicode.h"
#include "unit/text/tokenizer_folder.h"

namespace ams {
namespace {

const std::filesystem::path kGolden = AMS_TEST_GOLDEN_DIR;

std::string read_gzip(const std::filesystem::path& path) {
  std::string text;
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) throw Error(ErrorCode::NotFound, path.string());
  std::array<char, 65536> block{};
  int bytes = 0;
  while ((bytes = gzread(file, block.data(), static_cast<unsigned>(block.size()))) > 0) {
    text.append(block.data(), static_cast<size_t>(bytes));
  }
  gzclose(file);
  return text;
}

// Where the tokenizer of one column of strings.json comes from.
struct Column {
  const char* name;
  const char* gzip;        // below kGolden, or null
  const char* checkpoint;  // below kGolden, or null
};

class TokenizerGolden : public testing::TestWithParam<Column> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kGolden / "tokenizer/strings.json")) {
      GTEST_SKIP() << "no golden data in " << kGolden;
    }
    const Column column = GetParam();
    if (column.gzip != nullptr) {
      whole_.write("tokenizer.json", read_gzip(kGolden / column.gzip));
      write_vocabulary_files(Json::parse_file(whole_.path() / "tokenizer.json"), parts_);
      from_json_ = Tokenizer::load(whole_.path());
      from_parts_ = Tokenizer::load(parts_.path());
      return;
    }
    const std::filesystem::path checkpoint = kGolden / column.checkpoint;
    for (const char* file :
         {"vocab.json", "merges.txt", "added_tokens.json", "tokenizer_config.json"}) {
      std::filesystem::copy_file(checkpoint / file, parts_.path() / file);
    }
    from_json_ = Tokenizer::load(checkpoint);
    from_parts_ = Tokenizer::load(parts_.path());
  }

  TemporaryFolder whole_;
  TemporaryFolder parts_;
  std::shared_ptr<const Tokenizer> from_json_;
  std::shared_ptr<const Tokenizer> from_parts_;
};

std::vector<int32_t> ids_of(const Json& list) {
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < list.size(); ++i) {
    ids.push_back(static_cast<int32_t>(list.at(i).as_int()));
  }
  return ids;
}

TEST_P(TokenizerGolden, both_file_forms_give_the_reference_ids) {
  const Json strings = Json::parse_file(kGolden / "tokenizer/strings.json").at("strings");
  ASSERT_GE(strings.size(), 300);
  for (int64_t i = 0; i < strings.size(); ++i) {
    const std::string text = strings.at(i).at("text").as_string();
    const std::vector<int32_t> want = ids_of(strings.at(i).at(GetParam().name));
    const auto got = encode_with_appended(*from_json_, text, SpecialTokens::Parse, 1 << 20);
    EXPECT_EQ(got, want) << text;
    // The parts do not say what is appended.
    std::vector<int32_t> content = from_parts_->encode(text, SpecialTokens::Parse);
    EXPECT_EQ(content, from_json_->encode(text, SpecialTokens::Parse)) << text;
    for (const auto& tokenizer : {from_json_, from_parts_}) {
      EXPECT_EQ(tokenizer->decode(content, /*skip_special=*/false), normalize_nfc(text));
      const std::vector<int32_t> plain = tokenizer->encode(text, SpecialTokens::AsText);
      EXPECT_EQ(tokenizer->decode(plain, /*skip_special=*/true), normalize_nfc(text));
    }
  }
}

TEST_P(TokenizerGolden, both_file_forms_know_the_same_tokens) {
  ASSERT_EQ(from_json_->vocab_size(), from_parts_->vocab_size());
  for (int32_t id = 0; id < from_json_->vocab_size(); ++id) {
    const std::string bytes = from_json_->token_bytes(id);
    ASSERT_EQ(bytes, from_parts_->token_bytes(id));
    ASSERT_EQ(from_json_->find(bytes), id);
    ASSERT_EQ(from_json_->decode(std::vector<int32_t>{id}, /*skip_special=*/true),
              from_parts_->decode(std::vector<int32_t>{id}, /*skip_special=*/true));
  }
}

TEST_P(TokenizerGolden, random_tokens_survive_decoding_and_encoding) {
  std::mt19937 random(11);
  const auto count = static_cast<uint32_t>(from_json_->vocab_size());
  for (int round = 0; round < 300; ++round) {
    std::vector<int32_t> ids(random() % 20);
    for (int32_t& id : ids) id = static_cast<int32_t>(random() % count);
    const std::string text = from_json_->decode(ids, /*skip_special=*/false);
    const std::vector<int32_t> again = from_json_->encode(text, SpecialTokens::AsText);
    EXPECT_EQ(from_json_->decode(again, /*skip_special=*/false), normalize_nfc(text));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Columns,
    TokenizerGolden,
    testing::Values(Column{"qwen3", "tokenizer/tokenizer_qwen3.json.gz", nullptr},
                    Column{"qwen2_5", "tokenizer/tokenizer_qwen2_5.json.gz", nullptr},
                    Column{"tiny_embedding", nullptr, "checkpoints/Qwen3-Embedding-0.6B"},
                    Column{"tiny_lm", nullptr, "checkpoints/acestep-5Hz-lm-1.7B"}),
    [](const testing::TestParamInfo<Column>& column) { return std::string(column.param.name); });

TEST(TinyQwen25, loads_from_both_file_forms) {
  const std::filesystem::path checkpoint = kGolden / "checkpoints/Qwen2.5-7B-Instruct";
  if (!std::filesystem::exists(checkpoint)) GTEST_SKIP() << "no golden data in " << kGolden;
  const auto from_json = Tokenizer::load(checkpoint);
  const TemporaryFolder parts;
  for (const char* file : {"vocab.json", "merges.txt", "added_tokens.json"}) {
    std::filesystem::copy_file(checkpoint / file, parts.path() / file);
  }
  const auto from_parts = Tokenizer::load(parts.path());
  const std::string text = "Write a song about rain.<|im_end|>\n";
  EXPECT_EQ(from_json->encode(text, SpecialTokens::Parse),
            from_parts->encode(text, SpecialTokens::Parse));
  EXPECT_EQ(from_json->vocab_size(), 1478);
  EXPECT_EQ(from_parts->vocab_size(), 1478);
}

class PlannerPrompt : public testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path gzip = kGolden / "tokenizer/tokenizer_qwen3.json.gz";
    if (!std::filesystem::exists(gzip)) GTEST_SKIP() << "no golden data in " << kGolden;
    folder_.write("tokenizer.json", read_gzip(gzip));
    tokenizer_ = Tokenizer::load(folder_.path());
  }

  TemporaryFolder folder_;
  std::shared_ptr<const Tokenizer> tokenizer_;
};

constexpr const char* kGenerate =
    "# Instruction\nGenerate audio semantic tokens based on the given conditions:\n\n";

TEST_F(PlannerPrompt, matches_the_reference_vector) {
  const std::vector<ChatTurn> turns = {
      {ChatRole::System, kGenerate},
      {ChatRole::User, "# Caption\ncalm piano\n\n# Lyric\n[Instrumental]\n"}};
  const std::vector<int32_t> want = {151644, 8948, 198,    2,     29051, 198,  31115, 7699,   41733,
                                     11211,  3118, 389,    279,   2661,  4682, 1447,  151645, 198,
                                     151644, 872,  198,    2,     37600, 198,  5416,  76,     26278,
                                     271,    2,    15953,  2216,  198,   58,   56324, 278,    921,
                                     151645, 198,  151644, 77091, 198};
  EXPECT_EQ(chat_prompt(turns).encode(*tokenizer_), want);
}

TEST_F(PlannerPrompt, empty_reasoning_matches_the_reference_vector) {
  const std::vector<ChatTurn> turns = {{ChatRole::System, kGenerate},
                                       {ChatRole::User, "NO USER INPUT"}};
  const std::vector<int32_t> want = {
      151644, 8948,  198,    2,    29051,  198,    31115, 7699,   41733, 11211,  3118,
      389,    279,   2661,   4682, 1447,   151645, 198,   151644, 872,   198,    8996,
      13872,  26149, 151645, 198,  151644, 77091,  198,   151667, 271,   151668, 271};
  EXPECT_EQ(chat_prompt(turns).add(closed_reasoning("")).encode(*tokenizer_), want);
}

}  // namespace
}  // namespace ams
