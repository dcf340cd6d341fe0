#include "text/token_table.h"

#include <algorithm>

#include "base/error.h"
#include "base/str.h"
#include "text/byte_alphabet.h"

namespace ams {
namespace {

constexpr size_t kMaxLiteralBytes = 256;

void check_literal(const AddedToken& token, const std::string& source) {
  if (!token.content.empty() && token.content.size() <= kMaxLiteralBytes &&
      is_utf8(token.content)) {
    return;
  }
  throw Error(ErrorCode::CorruptFile,
              str("tokenizer: the added token ",
                  token.id,
                  " in ",
                  source,
                  " has ",
                  token.content.size(),
                  " bytes, expected 1 to ",
                  kMaxLiteralBytes,
                  " bytes of UTF-8"));
}

}  // namespace

TokenTable::TokenTable(const TokenizerDescription& description) : added_lengths_(256) {
  size_t total_bytes = 0;
  int32_t largest_id = -1;
  for (const auto& [spelling, id] : description.vocabulary) {
    total_bytes += spelling.size();
    largest_id = std::max(largest_id, id);
  }
  for (const AddedToken& token : description.added_tokens) {
    total_bytes += token.content.size();
    largest_id = std::max(largest_id, token.id);
  }
  bytes_.reserve(total_bytes);
  tokens_.resize(static_cast<size_t>(largest_id) + 1);
  ordinary_.reserve(description.vocabulary.size());
  added_.reserve(description.added_tokens.size());

  for (const AddedToken& token : description.added_tokens) {
    check_literal(token, description.source);
    place(token.id,
          token.content,
          token.is_special ? Kind::Special : Kind::Added,
          description.source);
  }
  for (const auto& [spelling, id] : description.vocabulary) {
    // Some files list the added tokens here too.
    const auto added = added_.find(spelling);
    if (added != added_.end() && added->second == id) continue;
    const std::optional<std::string> bytes = bytes_of_spelling(spelling);
    if (!bytes || bytes->empty()) {
      throw Error(ErrorCode::CorruptFile,
                  str("tokenizer: the token '",
                      spelling,
                      "' in ",
                      description.source,
                      " is not spelled in the byte alphabet"));
    }
    place(id, *bytes, Kind::Ordinary, description.source);
  }
}

void TokenTable::place(int32_t id, std::string_view bytes, Kind kind, const std::string& source) {
  Token& token = tokens_[static_cast<size_t>(id)];
  if (token.kind != Kind::Missing) {
    throw Error(ErrorCode::CorruptFile,
                str("tokenizer: the id ",
                    id,
                    " in ",
                    source,
                    " belongs to '",
                    token.bytes,
                    "' and to '",
                    bytes,
                    "'"));
  }
  const size_t offset = bytes_.size();
  bytes_ += bytes;
  token = {std::string_view(bytes_).substr(offset), kind};
  auto& index = kind == Kind::Ordinary ? ordinary_ : added_;
  if (!index.emplace(token.bytes, id).second) {
    throw Error(ErrorCode::CorruptFile,
                str("tokenizer: the token '", bytes, "' occurs twice in ", source));
  }
  if (kind == Kind::Ordinary) return;
  auto& lengths = added_lengths_[static_cast<unsigned char>(bytes[0])];
  const auto at = std::lower_bound(lengths.begin(), lengths.end(), bytes.size(), std::greater<>());
  if (at == lengths.end() || *at != bytes.size()) lengths.insert(at, bytes.size());
}

std::optional<std::string_view> TokenTable::bytes(int32_t id) const {
  if (id < 0 || id >= size()) return std::nullopt;
  const Token& token = tokens_[static_cast<size_t>(id)];
  if (token.kind == Kind::Missing) return std::nullopt;
  return token.bytes;
}

bool TokenTable::is_special(int32_t id) const {
  return id >= 0 && id < size() && tokens_[static_cast<size_t>(id)].kind == Kind::Special;
}

std::optional<int32_t> TokenTable::find_ordinary(std::string_view bytes) const {
  const auto found = ordinary_.find(bytes);
  if (found == ordinary_.end()) return std::nullopt;
  return found->second;
}

std::optional<int32_t> TokenTable::find_added(std::string_view literal) const {
  const auto found = added_.find(literal);
  if (found == added_.end()) return std::nullopt;
  return found->second;
}

std::vector<TokenTable::Segment> TokenTable::split_at_added(std::string_view text) const {
  std::vector<Segment> segments;
  size_t begin = 0;
  for (size_t i = 0; i < text.size();) {
    size_t matched = 0;
    for (const size_t length : added_lengths_[static_cast<unsigned char>(text[i])]) {
      const std::string_view literal = text.substr(i, length);
      const auto found = literal.size() == length ? added_.find(literal) : added_.end();
      if (found == added_.end()) continue;
      segments.push_back({text.substr(begin, i - begin), found->second});
      matched = length;
      break;
    }
    i += std::max<size_t>(matched, 1);
    if (matched > 0) begin = i;
  }
  if (begin < text.size()) segments.push_back({text.substr(begin), -1});
  return segments;
}

}  // namespace ams
