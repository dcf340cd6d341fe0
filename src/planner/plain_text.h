// Small text operations with the rules of the reference, which is written in Python.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ams {

// `text` without Unicode white space at both ends. Immutable input; thread-safe, as all here.
std::string_view strip(std::string_view text);

// True if nothing but white space is left.
bool is_blank(std::string_view text);

// ASCII letters only; other bytes stay.
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);

// Code points of UTF-8 text; bytes that are not UTF-8 become U+FFFD, one each.
std::vector<char32_t> code_points(std::string_view text);

// The number of bytes at the front that form whole UTF-8 sequences or can no longer become one.
size_t complete_utf8_prefix(std::string_view bytes);

// The UTF-8 form of one code point up to U+10FFFF.
std::string utf8(char32_t code_point);

// Throws InvalidRequest if `text` is not UTF-8 or holds U+0000. `what` names it: "caption".
void check_user_text(std::string_view text, std::string_view what);

}  // namespace ams
