// The two-way table between token ids and the bytes they stand for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "text/tokenizer_description.h"

namespace ams {

// Immutable; thread-safe.
class TokenTable {
 public:
  // Throws CorruptFile if an id or a literal occurs twice, a spelling is not in the byte alphabet
  // or a literal is empty, longer than 256 bytes or not UTF-8.
  explicit TokenTable(const TokenizerDescription& description);
  TokenTable(const TokenTable&) = delete;  // the index points into bytes_
  TokenTable& operator=(const TokenTable&) = delete;

  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }  // largest id + 1
  std::optional<std::string_view> bytes(int32_t id) const;               // empty: no such id
  bool is_special(int32_t id) const;                                     // false for an unknown id
  std::optional<int32_t> find_ordinary(std::string_view bytes) const;
  std::optional<int32_t> find_added(std::string_view literal) const;

  // A stretch of text between added tokens, then the token that ended it (-1 at the end).
  struct Segment {
    std::string_view text;
    int32_t added_token;
  };
  // Cuts at every added token, leftmost first, the longest of several.
  std::vector<Segment> split_at_added(std::string_view text) const;

 private:
  enum class Kind : uint8_t { Missing, Ordinary, Added, Special };
  struct Token {
    std::string_view bytes;
    Kind kind = Kind::Missing;
  };
  void place(int32_t id, std::string_view bytes, Kind kind, const std::string& source);

  std::string bytes_;  // all tokens; never reallocated once filled
  std::vector<Token> tokens_;
  std::unordered_map<std::string_view, int32_t> ordinary_;
  std::unordered_map<std::string_view, int32_t> added_;
  // The lengths of the added tokens that begin with each byte, longest first.
  std::vector<std::vector<size_t>> added_lengths_;
};

}  // namespace ams
