#include "studio/jobs/random_id.h"

#include <algorithm>
#include <cstdint>
#include <random>

#include "base/error.h"

namespace ams {
namespace {

constexpr int kWords = 4;
constexpr int kDigitsPerWord = 8;
constexpr size_t kShortestSession = 16;
constexpr size_t kLongestSession = 64;

bool is_session_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

}  // namespace

std::string random_id(std::string_view prefix) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device source;
  std::string id(prefix);
  for (int word = 0; word < kWords; ++word) {
    uint32_t bits = source();
    for (int digit = 0; digit < kDigitsPerWord; ++digit) {
      id += kDigits[bits & 15u];
      bits >>= 4;
    }
  }
  return id;
}

bool is_session_id(std::string_view text) {
  return text.size() >= kShortestSession && text.size() <= kLongestSession &&
         std::all_of(text.begin(), text.end(), is_session_character);
}

void check_session_id(std::string_view text) {
  if (is_session_id(text)) return;
  throw Error(ErrorCode::InvalidRequest,
              "studio: the session id is malformed, expected 16 to 64 characters [A-Za-z0-9_-]");
}

}  // namespace ams
