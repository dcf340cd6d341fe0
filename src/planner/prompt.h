// A prompt as a row of parts, so that a user's text can never turn into a special token.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace ams {

// Text and special tokens in order. Neighbouring texts are one text to the tokenizer: tokens may
// span the border between a template and what the user wrote, as in the reference.
class Prompt {
 public:
  Prompt& special(std::string_view literal);  // "<|im_start|>"
  Prompt& text(std::string_view text);

  // All bytes of the prompt, special tokens as their literals.
  std::string str() const;

  // Throws InvalidRequest if a text is not UTF-8, CorruptFile if the tokenizer lacks a special
  // token.
  std::vector<int32_t> ids(const Tokenizer& tokenizer) const;

 private:
  struct Part {
    std::string text;
    bool is_special;
  };
  std::vector<Part> parts_;
};

// The id of a literal that a planner's or text encoder's tokenizer must have. Throws CorruptFile.
int32_t require_token(const Tokenizer& tokenizer, std::string_view literal);

}  // namespace ams
