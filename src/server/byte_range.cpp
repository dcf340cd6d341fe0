#include "server/byte_range.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

namespace ams {
namespace {

// A number too large for int64_t lies behind every file, as the largest one does.
std::optional<int64_t> parse_position(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.front() == '-' || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return INT64_MAX;
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

}  // namespace

ByteRange parse_range(std::string_view header, int64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  constexpr ByteRange kUnsatisfied{RangeKind::Unsatisfied};
  if (header.substr(0, kUnit.size()) != kUnit) return {};
  const std::string_view set = header.substr(kUnit.size());
  if (set.find(',') != std::string_view::npos) return {};
  const size_t dash = set.find('-');
  if (dash == std::string_view::npos) return kUnsatisfied;
  const std::string_view first_text = set.substr(0, dash);
  const auto last = parse_position(set.substr(dash + 1));
  if (first_text.empty()) {
    if (!last || *last == 0 || size == 0) return kUnsatisfied;
    const int64_t length = std::min(*last, size);
    return {RangeKind::Part, size - length, length};
  }
  const auto first = parse_position(first_text);
  const bool is_open = dash + 1 == set.size();
  if (!first || (!last && !is_open) || *first >= size) return kUnsatisfied;
  const int64_t end = is_open ? size - 1 : std::min(*last, size - 1);
  if (end < *first) return kUnsatisfied;
  return {RangeKind::Part, *first, end - *first + 1};
}

}  // namespace ams
