// Tokenizer folders for the tests: a small one made here, and the other file form of any.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/json.h"

namespace ams {

// A folder that is removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void write(const std::string& name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

// A `tokenizer.json` with Qwen's pipeline, the 256 bytes (id = byte) and a few merges from id 256
// on: he, ll, hell, hello, " hello", two spaces, the two bytes of "é". Added from id 300 on:
// <|endoftext|> (special, appended), <|im_start|>, <|im_end|> (special), <think>, </think>, <|a|>,
// <|a|><|b|>.
Json small_tokenizer_json();

// Writes `vocab.json`, `merges.txt` and `added_tokens.json` with the content of a `tokenizer.json`.
void write_vocabulary_files(const Json& tokenizer_json, const TemporaryFolder& folder);

// The spelling of one byte in the byte alphabet.
std::string spelling_of_byte(int byte);

}  // namespace ams
