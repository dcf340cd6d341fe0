// The planner's vocabulary as its grammar needs it: spellings, values of each field, code tokens.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "planner/code_string.h"
#include "text/tokenizer.h"

namespace ams {

// The fields of the metadata block in the order in which the planner writes them.
enum class PlannerField { Bpm, Caption, Duration, KeyScale, Language, TimeSignature };
inline constexpr int64_t kNumPlannerFields = 6;

// "keyscale". The key in the block; the colon is not part of it.
std::string_view planner_field_name(PlannerField field);

// A set of token sequences, shared prefixes stored once. After a complete one the line ends.
class TokenTree {
 public:
  explicit TokenTree(int32_t end_token);
  void insert(std::span<const int32_t> tokens);

  static constexpr int64_t kRoot = 0;
  // What may follow at `node`: at least one token.
  std::span<const int32_t> allowed(int64_t node) const;
  // The node after `token`, which is allowed at `node` and not the end token.
  int64_t next(int64_t node, int32_t token) const;

 private:
  struct Node {
    std::map<int32_t, int64_t> children;
    std::vector<int32_t> allowed;
    bool is_complete = false;
  };
  int32_t end_token_;
  std::vector<Node> nodes_;
};

// Built once for a tokenizer (about 0.1 s for the real one) and shared by all songs. No token id is
// hard-coded. Immutable; thread-safe.
class PlannerGrammar {
 public:
  // `num_codes`: size of the code book; tokens of higher codes are never used. Throws CorruptFile
  // if the tokenizer lacks the planner's tokens or its audio codes are not contiguous.
  explicit PlannerGrammar(std::shared_ptr<const Tokenizer> tokenizer,
                          int64_t num_codes = kNumAudioCodes);

  const Tokenizer& tokenizer() const { return *tokenizer_; }
  int32_t newline() const { return newline_; }
  int32_t end_of_turn() const { return end_of_turn_; }  // <|im_end|>
  bool ends_generation(int32_t token) const { return token == end_of_turn_ || token == padding_; }

  int32_t first_code() const { return first_code_; }
  int64_t num_codes() const { return num_codes_; }
  // The code tokens in order, and the same followed by end_of_turn().
  std::span<const int32_t> code_tokens() const;
  std::span<const int32_t> code_or_end_tokens() const { return code_or_end_tokens_; }

  // "<think>", a line break, "</think>".
  std::span<const int32_t> think_open() const { return think_open_; }
  std::span<const int32_t> think_close() const { return think_close_; }
  // "bpm:" spelled as the reference's decoder forces it: the longest single token each time.
  std::span<const int32_t> name(PlannerField field) const;
  // Every value that a field may have, "{name}: {value}" without its name. Not for Caption.
  const TokenTree& values(PlannerField field) const;
  // The values of Duration up to a smaller maximum.
  TokenTree durations_up_to(int64_t max_seconds) const;
  // The ids of " {value}\n".
  std::vector<int32_t> value_line(std::string_view value) const;

  // One byte a token, not 0 = must not be sampled there.
  std::span<const uint8_t> banned_in_caption() const { return banned_in_caption_; }
  std::span<const uint8_t> banned_in_continuation() const { return banned_in_continuation_; }
  std::span<const uint8_t> banned_in_lyrics() const { return banned_in_lyrics_; }
  bool breaks_line(int32_t token) const;  // its text ends in a line break
  bool indents(int32_t token) const;      // its text starts with a space or tab

 private:
  void find_codes(int64_t num_codes);
  void classify_tokens();
  std::vector<int32_t> spell(std::string_view text) const;
  template <typename Values>
  TokenTree tree_of(const Values& values) const;

  std::shared_ptr<const Tokenizer> tokenizer_;  // shared with the model that it came with
  int32_t newline_;
  int32_t end_of_turn_;
  int32_t padding_;
  int32_t first_code_ = 0;
  int64_t num_codes_ = 0;
  std::vector<int32_t> code_or_end_tokens_;
  std::vector<int32_t> think_open_;
  std::vector<int32_t> think_close_;
  std::vector<std::vector<int32_t>> names_;
  std::vector<TokenTree> values_;
  std::vector<uint8_t> banned_in_caption_;
  std::vector<uint8_t> banned_in_continuation_;
  std::vector<uint8_t> banned_in_lyrics_;
  std::vector<uint8_t> breaks_line_;
  std::vector<uint8_t> indents_;
};

}  // namespace ams
