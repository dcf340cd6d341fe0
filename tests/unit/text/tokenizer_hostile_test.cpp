// One broken tokenizer.json per check, each next to the valid file it was made from.
#include <gtest/gtest.h>

#include "base/error.h"
#include "text/bpe_tokenizer.h"
#include "unit/text/tokenizer_folder.h"

namespace ams {
namespace {

// `root` with the member at `path` replaced; the last key may be new.
Json with(const Json& root, const std::vector<std::string>& path, const Json& value) {
  if (path.empty()) return value;
  Json changed = root;
  const Json child = root.contains(path[0]) ? root.at(path[0]) : Json::object();
  changed.set(path[0], with(child, {path.begin() + 1, path.end()}, value));
  return changed;
}

Json parse(const char* text) { return Json::parse(text, "test"); }

// Internal stands for "it loaded".
ErrorCode error_of(const Json& root) {
  try {
    BpeTokenizer tokenizer(describe_tokenizer_json(root, "tokenizer.json"));
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).rfind("tokenizer: ", 0), 0u) << error.what();
    return error.code();
  }
  return ErrorCode::Internal;
}

ErrorCode error_with(const std::vector<std::string>& path, const Json& value) {
  return error_of(with(small_tokenizer_json(), path, value));
}

TEST(HostileTokenizer, the_unchanged_file_loads) {
  EXPECT_EQ(error_of(small_tokenizer_json()), ErrorCode::Internal);
}

TEST(HostileTokenizer, ids_must_be_unique_and_in_range) {
  for (const char* id : {"-1", "1048576", "4294967296", "1e3", "2.5", "\"7\"", "null", "[]", "5"}) {
    EXPECT_EQ(error_with({"model", "vocab", "hello"}, parse(id)), ErrorCode::CorruptFile) << id;
  }
  EXPECT_EQ(error_with({"model", "vocab", "hello"}, parse("1048575")), ErrorCode::Internal);
}

TEST(HostileTokenizer, vocabulary_must_be_spelled_in_the_byte_alphabet) {
  EXPECT_EQ(error_with({"model", "vocab", "a b"}, 290), ErrorCode::CorruptFile);
  EXPECT_EQ(error_with({"model", "vocab", "\xE6\x97\xA5"}, 290), ErrorCode::CorruptFile);
  EXPECT_EQ(error_with({"model", "vocab", ""}, 290), ErrorCode::CorruptFile);
}

TEST(HostileTokenizer, every_byte_needs_a_token) {
  EXPECT_EQ(error_with({"model", "vocab"}, parse("{}")), ErrorCode::CorruptFile);
  EXPECT_EQ(error_with({"model", "vocab"}, parse("[]")), ErrorCode::CorruptFile);
  EXPECT_EQ(error_with({"model", "vocab"}, parse("{\"a\": 1, \"b\": 2}")), ErrorCode::CorruptFile);
}

TEST(HostileTokenizer, merges_must_name_known_tokens) {
  for (const char* merges : {R"([["h", "zz"]])",
                             R"([["zz", "h"]])",
                             R"([["x", "y"]])",
                             R"([["h", "e"], ["h", "e"]])",
                             R"([["h", ""]])",
                             R"([["h"]])",
                             R"([["h", "e", "l"]])",
                             R"([["h", 5]])",
                             R"(["he"])",
                             R"(["h e l"])",
                             R"([7])",
                             R"({})",
                             R"("h e")"}) {
    EXPECT_EQ(error_with({"model", "merges"}, parse(merges)), ErrorCode::CorruptFile) << merges;
  }
  EXPECT_EQ(error_with({"model", "merges"}, parse(R"(["h e", ["l", "l"]])")), ErrorCode::Internal);
}

TEST(HostileTokenizer, added_tokens_must_be_unique_literals) {
  const auto added = [](const std::string& tokens) {
    Json root = with(small_tokenizer_json(), {"post_processor"}, Json());
    return error_of(with(root, {"added_tokens"}, parse(tokens.c_str())));
  };
  EXPECT_EQ(added(R"([{"id": 300, "content": "<x>"}])"), ErrorCode::Internal);
  EXPECT_EQ(added(R"([{"id": 300, "content": "<x>"}, {"id": 300, "content": "<y>"}])"),
            ErrorCode::CorruptFile);
  EXPECT_EQ(added(R"([{"id": 300, "content": "<x>"}, {"id": 301, "content": "<x>"}])"),
            ErrorCode::CorruptFile);
  EXPECT_EQ(added(R"([{"id": 65, "content": "<x>"}])"), ErrorCode::CorruptFile);
  EXPECT_EQ(added(R"([{"id": 300, "content": ""}])"), ErrorCode::CorruptFile);
  EXPECT_EQ(added(R"([{"id": 300, "content": ")" + std::string(257, 'x') + R"("}])"),
            ErrorCode::CorruptFile);
  EXPECT_EQ(added(R"([{"content": "<x>"}])"), ErrorCode::CorruptFile);
  EXPECT_EQ(added(R"([{"id": 300}])"), ErrorCode::CorruptFile);
  EXPECT_EQ(added(R"([5])"), ErrorCode::CorruptFile);
  EXPECT_EQ(added(R"("none")"), ErrorCode::CorruptFile);
  EXPECT_EQ(added(R"([{"id": 300, "content": "<x>", "lstrip": true}])"), ErrorCode::Unsupported);
  EXPECT_EQ(added(R"([{"id": 300, "content": "<x>", "normalized": true}])"),
            ErrorCode::Unsupported);
}

TEST(HostileTokenizer, an_added_token_may_also_stand_in_the_vocabulary) {
  EXPECT_EQ(error_with({"model", "vocab", "<think>"}, 303), ErrorCode::Internal);
  EXPECT_EQ(error_with({"model", "vocab", "<think>"}, 304), ErrorCode::CorruptFile);
}

TEST(HostileTokenizer, other_pipelines_are_refused) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> cases = {
      {{"normalizer"}, R"({"type": "NFKC"})"},
      {{"normalizer"}, R"({"type": "Sequence", "normalizers": [{"type": "Lowercase"}]})"},
      {{"pre_tokenizer"}, R"(null)"},
      {{"pre_tokenizer"}, R"({"type": "Whitespace"})"},
      {{"pre_tokenizer", "pretokenizers"}, R"([{"type": "ByteLevel"}])"},
      {{"decoder"}, R"(null)"},
      {{"decoder"}, R"({"type": "WordPiece"})"},
      {{"model", "type"}, R"("Unigram")"},
      {{"model", "dropout"}, R"(0.1)"},
      {{"model", "ignore_merges"}, R"(true)"},
      {{"model", "end_of_word_suffix"}, R"("</w>")"},
      {{"model", "continuing_subword_prefix"}, R"("##")"},
      {{"post_processor"}, R"({"type": "BertProcessing"})"},
      {{"post_processor", "single"}, R"([{"SpecialToken": {"id": "<|endoftext|>"}}])"}};
  for (const auto& [path, value] : cases) {
    EXPECT_EQ(error_with(path, parse(value)), ErrorCode::Unsupported) << path[0] << value;
  }
}

TEST(HostileTokenizer, mistyped_parts_are_corrupt) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> cases = {
      {{"model"}, R"({"type": "BPE"})"},
      {{"model", "type"}, R"(5)"},
      {{"pre_tokenizer", "pretokenizers"}, R"({})"},
      {{"post_processor", "single"}, R"("A")"},
      {{"post_processor", "special_tokens"}, R"({})"},
      {{"post_processor", "special_tokens", "<|endoftext|>", "ids"}, R"([290])"},
      {{"post_processor", "special_tokens", "<|endoftext|>", "ids"}, R"([-1])"},
      {{"post_processor", "special_tokens", "<|endoftext|>", "ids"}, R"(300)"}};
  for (const auto& [path, value] : cases) {
    EXPECT_EQ(error_with(path, parse(value)), ErrorCode::CorruptFile) << path[0] << value;
  }
  for (const char* root : {"{}", "[]", "5", "null", "\"model\""}) {
    EXPECT_NE(error_of(parse(root)), ErrorCode::Internal) << root;
  }
}

TEST(HostileTokenizer, split_patterns_are_checked) {
  Json parts = small_tokenizer_json().at("pre_tokenizer").at("pretokenizers");
  const auto pattern_error = [&](const char* pattern) {
    Json list = Json::array();
    list.push_back(with(parts.at(0), {"pattern"}, parse(pattern)));
    list.push_back(parts.at(1));
    return error_with({"pre_tokenizer", "pretokenizers"}, list);
  };
  EXPECT_EQ(pattern_error(R"({"Regex": "\\p{L}+"})"), ErrorCode::Internal);
  EXPECT_EQ(pattern_error(R"({"Regex": "("})"), ErrorCode::Unsupported);
  EXPECT_EQ(pattern_error(R"({"String": " "})"), ErrorCode::Unsupported);
  EXPECT_EQ(pattern_error(R"({"Regex": 5})"), ErrorCode::CorruptFile);
}

TEST(HostileTokenizer, truncated_files_are_corrupt) {
  const std::string whole = small_tokenizer_json().dump();
  const TemporaryFolder folder;
  for (size_t bytes = 0; bytes < whole.size(); bytes += 97) {
    folder.write("tokenizer.json", std::string_view(whole).substr(0, bytes));
    EXPECT_THROW(Tokenizer::load(folder.path()), Error) << bytes;
  }
}

TEST(HostileTokenizer, repeated_keys_and_deep_nesting_are_corrupt) {
  const TemporaryFolder folder;
  const std::string valid = small_tokenizer_json().dump();
  const std::string rest = valid.substr(1);
  for (const std::string& content :
       {"{\"decoder\":5," + rest,                                              // named twice
        "{\"x\":" + std::string(80, '[') + std::string(80, ']') + "," + rest,  // nested too deeply
        "{\"x\":\"\xFF\"," + rest,
        "{\"x\":1e999," + rest,
        valid + "{}"}) {
    folder.write("tokenizer.json", content);
    try {
      Tokenizer::load(folder.path());
      ADD_FAILURE() << content.substr(0, 60);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::CorruptFile) << error.what();
    }
  }
  folder.write("tokenizer.json",
               "{\"x\":" + std::string(60, '[') + std::string(60, ']') + "," + rest);
  EXPECT_NO_THROW(Tokenizer::load(folder.path()));
}

}  // namespace
}  // namespace ams
