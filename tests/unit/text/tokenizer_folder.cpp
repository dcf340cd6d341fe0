#include "unit/text/tokenizer_folder.h"

#include <cstdlib>
#include <fstream>
#include <vector>

namespace ams {
namespace {

constexpr const char* kSplitPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

Json byte_level(bool use_regex) {
  Json part = Json::object();
  part.set("type", "ByteLevel");
  part.set("add_prefix_space", false);
  part.set("trim_offsets", false);
  part.set("use_regex", use_regex);
  return part;
}

Json pre_tokenizer() {
  Json pattern = Json::object();
  pattern.set("Regex", kSplitPattern);
  Json split = Json::object();
  split.set("type", "Split");
  split.set("pattern", pattern);
  split.set("behavior", "Isolated");
  split.set("invert", false);
  Json parts = Json::array();
  parts.push_back(split);
  parts.push_back(byte_level(false));
  Json sequence = Json::object();
  sequence.set("type", "Sequence");
  sequence.set("pretokenizers", parts);
  return sequence;
}

Json post_processor() {
  return Json::parse(R"({"type": "TemplateProcessing", "single": [
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}],
      "special_tokens": {"<|endoftext|>": {"id": "<|endoftext|>", "ids": [300],
        "tokens": ["<|endoftext|>"]}}})",
                     "post_processor");
}

Json model() {
  Json vocabulary = Json::object();
  for (int byte = 0; byte < 256; ++byte) vocabulary.set(spelling_of_byte(byte), byte);
  const std::string space = spelling_of_byte(' ');
  const std::vector<std::pair<std::string, std::string>> pairs = {
      {"h", "e"},
      {"l", "l"},
      {"he", "ll"},
      {"hell", "o"},
      {space, "hello"},
      {space, space},
      {spelling_of_byte(0xC3), spelling_of_byte(0xA9)}};
  Json merges = Json::array();
  int id = 256;
  for (const auto& [left, right] : pairs) {
    vocabulary.set(left + right, id++);
    Json pair = Json::array();
    pair.push_back(left);
    pair.push_back(right);
    merges.push_back(pair);
  }
  Json bpe = Json::object();
  bpe.set("type", "BPE");
  bpe.set("vocab", vocabulary);
  bpe.set("merges", merges);
  return bpe;
}

Json added_tokens() {
  const std::vector<std::pair<std::string, bool>> contents = {{"<|endoftext|>", true},
                                                              {"<|im_start|>", true},
                                                              {"<|im_end|>", true},
                                                              {"<think>", false},
                                                              {"</think>", false},
                                                              {"<|a|>", false},
                                                              {"<|a|><|b|>", false}};
  Json list = Json::array();
  int id = 300;
  for (const auto& [content, is_special] : contents) {
    Json token = Json::object();
    token.set("id", id++);
    token.set("content", content);
    token.set("special", is_special);
    token.set("normalized", false);
    list.push_back(token);
  }
  return list;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "ams_text_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void TemporaryFolder::write(const std::string& name, std::string_view content) const {
  std::ofstream file(path_ / name, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
}

std::string spelling_of_byte(int byte) {
  int character = byte;
  const auto is_hidden = [](int b) { return b < 0x21 || (b > 0x7E && b < 0xA1) || b == 0xAD; };
  if (is_hidden(byte)) {
    character = 0x100;
    for (int b = 0; b < byte; ++b) character += is_hidden(b) ? 1 : 0;
  }
  if (character < 0x80) return std::string(1, static_cast<char>(character));
  return {static_cast<char>(0xC0 | (character >> 6)), static_cast<char>(0x80 | (character & 0x3F))};
}

Json small_tokenizer_json() {
  Json root = Json::object();
  root.set("normalizer", Json::parse(R"({"type": "NFC"})", "normalizer"));
  root.set("pre_tokenizer", pre_tokenizer());
  root.set("decoder", byte_level(false));
  root.set("post_processor", post_processor());
  root.set("added_tokens", added_tokens());
  root.set("model", model());
  return root;
}

void write_vocabulary_files(const Json& tokenizer_json, const TemporaryFolder& folder) {
  const Json model = tokenizer_json.at("model");
  folder.write("vocab.json", model.at("vocab").dump());
  std::string lines = "#version: 0.2\n";
  for (int64_t i = 0; i < model.at("merges").size(); ++i) {
    const Json merge = model.at("merges").at(i);
    if (merge.is_string()) {
      lines += merge.as_string() + "\n";
    } else {
      lines += merge.at(0).as_string() + " " + merge.at(1).as_string() + "\n";
    }
  }
  folder.write("merges.txt", lines);
  Json added = Json::object();
  const Json list = tokenizer_json.at("added_tokens");
  for (int64_t i = 0; i < list.size(); ++i) {
    added.set(list.at(i).at("content").as_string(), list.at(i).at("id"));
  }
  folder.write("added_tokens.json", added.dump());
}

}  // namespace ams
