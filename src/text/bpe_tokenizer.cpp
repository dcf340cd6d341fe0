#include "text/bpe_tokenizer.h"

#include "base/error.h"
#include "base/str.h"
#include "text/byte_alphabet.h"
#include "text/unicode.h"

namespace ams {
namespace {

// Far above any prompt; keeps positions inside int32_t.
constexpr size_t kMaxTextBytes = size_t{64} << 20;

std::array<int32_t, 256> find_byte_tokens(const TokenTable& table, const std::string& source) {
  std::array<int32_t, 256> tokens{};
  for (size_t byte = 0; byte < tokens.size(); ++byte) {
    const char single = static_cast<char>(byte);
    const std::optional<int32_t> id = table.find_ordinary(std::string_view(&single, 1));
    if (!id) {
      throw Error(ErrorCode::CorruptFile,
                  str("tokenizer: ",
                      source,
                      " has no token for the byte ",
                      byte,
                      ", expected all 256; the vocabulary may be cut off"));
    }
    tokens[byte] = *id;
  }
  return tokens;
}

MergeTable index_merges(const TokenTable& table, const TokenizerDescription& description) {
  MergeTable merges(description.merges.size());
  int32_t rank = 0;
  for (const auto& [left_spelling, right_spelling] : description.merges) {
    const std::optional<std::string> left_bytes = bytes_of_spelling(left_spelling);
    const std::optional<std::string> right_bytes = bytes_of_spelling(right_spelling);
    std::optional<int32_t> left, right, merged;
    if (left_bytes && right_bytes) {
      left = table.find_ordinary(*left_bytes);
      right = table.find_ordinary(*right_bytes);
      merged = table.find_ordinary(*left_bytes + *right_bytes);
    }
    if (!left || !right || !merged) {
      throw Error(ErrorCode::CorruptFile,
                  str("tokenizer: merge ",
                      rank,
                      " ('",
                      left_spelling,
                      "' with '",
                      right_spelling,
                      "') names a token that is not in ",
                      description.source));
    }
    if (!merges.insert(*left, *right, {rank, *merged})) {
      throw Error(ErrorCode::CorruptFile,
                  str("tokenizer: merge ",
                      rank,
                      " ('",
                      left_spelling,
                      "' with '",
                      right_spelling,
                      "') of ",
                      description.source,
                      " occurs twice"));
    }
    ++rank;
  }
  return merges;
}

}  // namespace

BpeTokenizer::BpeTokenizer(const TokenizerDescription& description)
    : table_(description),
      merges_(index_merges(table_, description)),
      byte_tokens_(find_byte_tokens(table_, description.source)),
      splitter_(description.split_pattern),
      appended_(description.appended),
      is_nfc_(description.is_nfc) {
  for (const int32_t id : appended_) {
    if (table_.bytes(id)) continue;
    throw Error(ErrorCode::CorruptFile,
                str("tokenizer: ",
                    description.source,
                    " appends the id ",
                    id,
                    ", which is not one of its tokens"));
  }
}

std::vector<int32_t> BpeTokenizer::encode(std::string_view text, SpecialTokens special) const {
  if (text.size() > kMaxTextBytes) {
    throw Error(ErrorCode::InvalidRequest,
                str("text: it has ", text.size(), " bytes, at most ", kMaxTextBytes, " are read"));
  }
  if (!is_utf8(text)) {
    throw Error(ErrorCode::InvalidRequest,
                str("text: its ", text.size(), " bytes are not valid UTF-8"));
  }
  std::vector<int32_t> tokens;
  PieceMerger merger(merges_, byte_tokens_);
  if (special == SpecialTokens::AsText) {
    encode_ordinary(text, merger, tokens);
    return tokens;
  }
  for (const TokenTable::Segment& segment : table_.split_at_added(text)) {
    encode_ordinary(segment.text, merger, tokens);
    if (segment.added_token >= 0) tokens.push_back(segment.added_token);
  }
  return tokens;
}

void BpeTokenizer::encode_ordinary(std::string_view text,
                                   PieceMerger& merger,
                                   std::vector<int32_t>& tokens) const {
  if (text.empty()) return;
  const std::string composed = is_nfc_ ? normalize_nfc(text) : std::string(text);
  for (const std::string_view piece : splitter_.split(composed)) merger.merge(piece, tokens);
}

std::string_view BpeTokenizer::checked_bytes(int32_t id) const {
  const std::optional<std::string_view> bytes = table_.bytes(id);
  if (!bytes) {
    throw Error(
        ErrorCode::InvalidRequest,
        str("tokenizer: ", id, " is not a token id, expected one of the ids below ", vocab_size()));
  }
  return *bytes;
}

std::string BpeTokenizer::token_bytes(int32_t id) const { return std::string(checked_bytes(id)); }

std::string BpeTokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  std::string bytes;
  for (const int32_t id : ids) {
    const std::string_view token = checked_bytes(id);
    if (!skip_special || !table_.is_special(id)) bytes += token;
  }
  return repair_utf8(bytes);
}

std::optional<int32_t> BpeTokenizer::find(std::string_view literal) const {
  const std::optional<int32_t> added = table_.find_added(literal);
  return added ? added : table_.find_ordinary(literal);
}

}  // namespace ams
