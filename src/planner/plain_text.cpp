#include "planner/plain_text.h"

#include <algorithm>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

struct Decoded {
  char32_t code_point;
  size_t bytes;  // 0: the sequence is cut off by the end of the text
};

size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if ((lead & 0xF0) == 0xE0) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

Decoded decode_first(std::string_view text) {
  constexpr Decoded kInvalid{0xFFFD, 1};
  const size_t length = sequence_length(static_cast<unsigned char>(text[0]));
  if (length == 0) return kInvalid;
  if (length == 1) return {static_cast<char32_t>(text[0]), 1};
  char32_t code_point = static_cast<unsigned char>(text[0]) & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {0xFFFD, 0};
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return kInvalid;
    code_point = (code_point << 6) | (next & 0x3Fu);
  }
  const bool overlong =
      (length == 3 && code_point < 0x800) || (length == 4 && code_point < 0x10000);
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (overlong || surrogate || code_point > 0x10FFFF) return kInvalid;
  return {code_point, length};
}

// What str.strip() and \s of Python remove.
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

}  // namespace

std::string_view strip(std::string_view text) {
  while (!text.empty()) {
    const Decoded first = decode_first(text);
    if (first.bytes == 0 || !is_space(first.code_point)) break;
    text.remove_prefix(first.bytes);
  }
  while (!text.empty()) {
    size_t start = text.size() - 1;
    while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
    const Decoded last = decode_first(text.substr(start));
    if (last.bytes != text.size() - start || !is_space(last.code_point)) break;
    text.remove_suffix(last.bytes);
  }
  return text;
}

bool is_blank(std::string_view text) { return strip(text).empty(); }

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string to_upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

std::vector<char32_t> code_points(std::string_view text) {
  std::vector<char32_t> decoded;
  decoded.reserve(text.size());
  while (!text.empty()) {
    const Decoded first = decode_first(text);
    decoded.push_back(first.code_point);
    text.remove_prefix(std::max<size_t>(first.bytes, 1));
  }
  return decoded;
}

size_t complete_utf8_prefix(std::string_view bytes) {
  const size_t longest_tail = std::min<size_t>(bytes.size(), 3);
  for (size_t tail = 1; tail <= longest_tail; ++tail) {
    if (decode_first(bytes.substr(bytes.size() - tail)).bytes == 0) return bytes.size() - tail;
  }
  return bytes.size();
}

std::string utf8(char32_t code_point) {
  const auto tail = [code_point](int shift) {
    return static_cast<char>(0x80u | ((code_point >> shift) & 0x3Fu));
  };
  if (code_point < 0x80) return {static_cast<char>(code_point)};
  if (code_point < 0x800) return {static_cast<char>(0xC0u | (code_point >> 6)), tail(0)};
  if (code_point < 0x10000) {
    return {static_cast<char>(0xE0u | (code_point >> 12)), tail(6), tail(0)};
  }
  return {static_cast<char>(0xF0u | (code_point >> 18)), tail(12), tail(6), tail(0)};
}

void check_user_text(std::string_view text, std::string_view what) {
  if (!is_utf8(text)) {
    throw Error(ErrorCode::InvalidRequest,
                str("planner: the ", what, " is not UTF-8 text; save it as UTF-8"));
  }
  if (text.find('\0') != std::string_view::npos) {
    throw Error(ErrorCode::InvalidRequest,
                str("planner: the ", what, " holds a zero byte; remove it"));
  }
}

}  // namespace ams
