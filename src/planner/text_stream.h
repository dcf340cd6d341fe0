// Turns tokens into text piece by piece, never cutting a UTF-8 sequence.
#pragma once

#include <cstdint>
#include <string>

#include "text/tokenizer.h"

namespace ams {

// Keeps a reference to the tokenizer. Not thread-safe.
class TextStream {
 public:
  explicit TextStream(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  // The text that `token` completes; may be empty. Bytes that are not UTF-8 become U+FFFD.
  std::string push(int32_t token);

  // All text so far, bytes of an unfinished sequence left out.
  const std::string& text() const { return text_; }

 private:
  const Tokenizer& tokenizer_;
  std::string pending_;  // the start of a sequence whose rest is still to come
  std::string text_;
};

}  // namespace ams
