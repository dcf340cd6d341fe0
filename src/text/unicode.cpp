#include "text/unicode.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include <utf8proc.h>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr int kMaxCombiningMarks = 1024;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Code points below U+0300, whose UTF-8 starts below 0xCC, never change under NFC.
bool is_certainly_nfc(std::string_view text) {
  return std::all_of(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0xCC; });
}

void check_combining_marks(std::string_view text) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = static_cast<utf8proc_ssize_t>(text.size());
  int marks = 0;
  for (utf8proc_ssize_t i = 0; i < size;) {
    utf8proc_int32_t character = 0;
    const utf8proc_ssize_t length = utf8proc_iterate(bytes + i, size - i, &character);
    if (length < 1) {
      throw Error(ErrorCode::InvalidRequest, str("text: byte ", i, " is not valid UTF-8"));
    }
    marks = utf8proc_get_property(character)->combining_class == 0 ? 0 : marks + 1;
    if (marks > kMaxCombiningMarks) {
      throw Error(ErrorCode::InvalidRequest,
                  str("text: more than ",
                      kMaxCombiningMarks,
                      " combining marks in a row before byte ",
                      i,
                      "; this is not text of any language"));
    }
    i += length;
  }
}

// How a UTF-8 sequence goes on after its lead byte (Unicode table 3-7).
struct SequenceForm {
  size_t length;  // 0 if the byte cannot lead
  unsigned char second_low;
  unsigned char second_high;
};

SequenceForm form_of_lead(unsigned char lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xC2 || lead > 0xF4) return {0, 0, 0};
  if (lead < 0xE0) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead < 0xF0) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {4, 0x80, 0xBF};
}

}  // namespace

std::string normalize_nfc(std::string_view text) {
  if (is_certainly_nfc(text)) return std::string(text);
  check_combining_marks(text);
  utf8proc_uint8_t* composed = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()),
                   &composed,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(composed, &std::free);
  if (size < 0) {
    const bool no_memory = size == UTF8PROC_ERROR_NOMEM;
    throw Error(no_memory ? ErrorCode::OutOfMemory : ErrorCode::InvalidRequest,
                str("text: cannot normalize ", text.size(), " bytes: ", utf8proc_errmsg(size)));
  }
  return std::string(reinterpret_cast<const char*>(composed), static_cast<size_t>(size));
}

std::string repair_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size();) {
    const SequenceForm form = form_of_lead(static_cast<unsigned char>(bytes[i]));
    size_t valid = 1;  // bytes of this sequence that are well-formed, at least the lead
    while (valid < form.length && i + valid < bytes.size()) {
      const auto next = static_cast<unsigned char>(bytes[i + valid]);
      const unsigned char low = valid == 1 ? form.second_low : 0x80;
      const unsigned char high = valid == 1 ? form.second_high : 0xBF;
      if (next < low || next > high) break;
      ++valid;
    }
    text += valid == form.length ? bytes.substr(i, valid) : kReplacement;
    i += valid;
  }
  return text;
}

}  // namespace ams
