#include "planner/text_stream.h"

#include "planner/plain_text.h"

namespace ams {

std::string TextStream::push(int32_t token) {
  pending_ += tokenizer_.token_bytes(token);
  const size_t complete = complete_utf8_prefix(pending_);
  std::string piece;
  for (const char32_t code_point : code_points(std::string_view(pending_).substr(0, complete))) {
    piece += utf8(code_point);
  }
  pending_.erase(0, complete);
  text_ += piece;
  return piece;
}

}  // namespace ams
