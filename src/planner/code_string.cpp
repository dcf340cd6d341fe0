#include "planner/code_string.h"

#include <algorithm>

#include "base/str.h"

namespace ams {
namespace {

constexpr std::string_view kOpen = "<|audio_code_";
constexpr std::string_view kClose = "|>";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string audio_code_literal(int64_t code) { return str(kOpen, code, kClose); }

std::vector<int32_t> parse_audio_codes(std::string_view text, int64_t num_codes) {
  std::vector<int32_t> codes;
  size_t at = 0;
  while ((at = text.find(kOpen, at)) != std::string_view::npos) {
    at += kOpen.size();
    int64_t code = 0;
    size_t end = at;
    for (; end < text.size() && is_digit(text[end]); ++end) {
      code = std::min<int64_t>(code * 10 + (text[end] - '0'), num_codes - 1);
    }
    if (end == at || text.substr(end, kClose.size()) != kClose) continue;
    codes.push_back(static_cast<int32_t>(code));
    at = end;
  }
  return codes;
}

std::string audio_code_string(std::span<const int32_t> codes) {
  std::string text;
  for (const int32_t code : codes) text += audio_code_literal(code);
  return text;
}

}  // namespace ams
