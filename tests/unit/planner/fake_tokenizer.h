// A tokenizer without merges: one token a byte, then the chat's special tokens and audio codes.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/str.h"
#include "planner/code_string.h"
#include "text/tokenizer.h"

namespace ams {

class FakeTokenizer : public Tokenizer {
 public:
  explicit FakeTokenizer(int64_t num_codes = 100) {
    for (int byte = 0; byte < 256; ++byte) tokens_.emplace_back(1, static_cast<char>(byte));
    for (const char* literal :
         {"<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "<think>", "</think>"}) {
      tokens_.emplace_back(literal);
    }
    for (int64_t code = 0; code < num_codes; ++code) tokens_.push_back(audio_code_literal(code));
  }

  std::vector<int32_t> encode(std::string_view text, SpecialTokens) const override {
    if (!is_utf8(text)) throw Error(ErrorCode::InvalidRequest, "text: not UTF-8");
    std::vector<int32_t> ids;
    for (const char c : text) ids.push_back(static_cast<unsigned char>(c));
    return ids;
  }
  std::span<const int32_t> appended_tokens() const override { return {}; }
  std::string token_bytes(int32_t id) const override {
    if (id < 0 || id >= vocab_size()) throw Error(ErrorCode::InvalidRequest, "text: unknown id");
    return tokens_[static_cast<size_t>(id)];
  }
  std::string decode(std::span<const int32_t> ids, bool) const override {
    std::string text;
    for (const int32_t id : ids) text += token_bytes(id);
    return text;
  }
  std::optional<int32_t> find(std::string_view literal) const override {
    for (size_t id = 0; id < tokens_.size(); ++id) {
      if (tokens_[id] == literal) return static_cast<int32_t>(id);
    }
    return std::nullopt;
  }
  int64_t vocab_size() const override { return static_cast<int64_t>(tokens_.size()); }

 private:
  std::vector<std::string> tokens_;
};

}  // namespace ams
