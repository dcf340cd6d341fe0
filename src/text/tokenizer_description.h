// What a tokenizer's files say, before it is checked and indexed. Two file forms fill it:
// `tokenizer.json`, and `vocab.json` with `merges.txt`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace ams {

// A literal that prompts may contain as one token.
struct AddedToken {
  int32_t id;
  std::string content;
  bool is_special;  // left out by decode(skip_special); <think> and the audio codes are not special
};

struct TokenizerDescription {
  std::string source;                                       // file name for messages
  std::vector<std::pair<std::string, int32_t>> vocabulary;  // byte-alphabet spelling, id
  std::vector<std::pair<std::string, std::string>> merges;  // by rank, byte-alphabet spellings
  std::vector<AddedToken> added_tokens;
  std::vector<int32_t> appended;  // what the post-processor puts after each text
  std::string split_pattern;
  bool is_nfc = true;  // texts are composed before they are split
};

// Reads the tree of a `tokenizer.json`. Throws CorruptFile if it contradicts the format and
// Unsupported for any other pipeline than byte-level BPE with optional NFC, one isolating split
// and tokens appended to the text. `truncation` and `padding` are ignored: callers decide them.
TokenizerDescription describe_tokenizer_json(const Json& root, const std::string& source);

// Reads `vocab.json`, `merges.txt`, and where present `added_tokens.json` and
// `tokenizer_config.json` of a Qwen checkpoint. These files do not state the pipeline, so Qwen's is
// assumed and nothing is appended. Throws NotFound, CorruptFile, Unsupported.
TokenizerDescription describe_vocabulary_files(const std::filesystem::path& folder);

// The id in `value`. Throws CorruptFile unless it is an integer in [0, 2^20).
int32_t read_token_id(const Json& value, const std::string& source, const std::string& token);

}  // namespace ams
