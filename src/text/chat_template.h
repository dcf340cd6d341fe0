// The turn markup of Qwen2.5 and Qwen3 (ChatML) for the planner and the lyrics writer.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace ams {

// A prompt in which text and special tokens are kept apart: a user who writes "<|im_end|>" gets
// those ten characters, not the token. A value type.
class MarkedText {
 public:
  MarkedText() = default;
  MarkedText(std::string_view text) { add_text(text); }
  MarkedText(const char* text) { add_text(text); }
  MarkedText(const std::string& text) { add_text(text); }

  MarkedText& add_text(std::string_view text);       // from anywhere; never parsed
  MarkedText& add_marker(std::string_view literal);  // one special token, for example "<think>"
  MarkedText& add(const MarkedText& other);

  // Neighbouring texts are encoded as one, as if the whole prompt had been one string. Throws
  // Unsupported if the tokenizer lacks a marker, InvalidRequest as Tokenizer::encode.
  std::vector<int32_t> encode(const Tokenizer& tokenizer) const;

  // The prompt as one string, for logs and tests. Its markers cannot be told from text.
  std::string str() const;

 private:
  struct Run {
    bool is_marker;
    std::string content;
  };
  std::vector<Run> runs_;  // no two texts in a row, no empty text
};

enum class ChatRole { System, User, Assistant };

struct ChatTurn {
  ChatRole role;
  MarkedText content;
};

// Turns in the given order, each closed, then an opened assistant turn for the model to write:
// "<|im_start|>system\n{content}<|im_end|>\n…<|im_start|>assistant\n". Contents are not stripped
// and no default system turn is added. What is appended to the result begins the answer.
MarkedText chat_prompt(std::span<const ChatTurn> turns);

// "<think>\n{reasoning}\n</think>\n\n": the closed reasoning that begins an answer.
MarkedText closed_reasoning(std::string_view reasoning);

// The token that ends a turn: <|im_end|>. Throws Unsupported if the tokenizer lacks it.
int32_t end_of_turn(const Tokenizer& tokenizer);

}  // namespace ams
