// The tokenizer behind Tokenizer::load.
#pragma once

#include <array>

#include "text/merges.h"
#include "text/pre_split.h"
#include "text/token_table.h"
#include "text/tokenizer.h"
#include "text/tokenizer_description.h"

namespace ams {

// Byte-level BPE: split off added tokens, compose (NFC), split by a pattern, merge bytes.
class BpeTokenizer final : public Tokenizer {
 public:
  // Throws CorruptFile if the parts contradict each other (see TokenTable; also a byte without a
  // token, a merge of unknown tokens or into one, a merge named twice, an unknown appended id) and
  // Unsupported for a pattern that PCRE2 does not accept.
  explicit BpeTokenizer(const TokenizerDescription& description);

  std::vector<int32_t> encode(std::string_view text, SpecialTokens special) const override;
  std::span<const int32_t> appended_tokens() const override { return appended_; }
  std::string token_bytes(int32_t id) const override;
  std::string decode(std::span<const int32_t> ids, bool skip_special) const override;
  std::optional<int32_t> find(std::string_view literal) const override;
  int64_t vocab_size() const override { return table_.size(); }

 private:
  void encode_ordinary(std::string_view text,
                       PieceMerger& merger,
                       std::vector<int32_t>& tokens) const;
  std::string_view checked_bytes(int32_t id) const;

  TokenTable table_;
  MergeTable merges_;
  std::array<int32_t, 256> byte_tokens_;
  PreSplitter splitter_;
  std::vector<int32_t> appended_;
  bool is_nfc_;
};

}  // namespace ams
