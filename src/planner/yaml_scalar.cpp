#include "planner/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <vector>

#include "planner/plain_text.h"
#include "planner/yaml_resolution.h"

namespace ams {
namespace {

constexpr int64_t kBestWidth = 80;
constexpr std::string_view kFoldIndent = "\n  ";
constexpr int64_t kFoldColumn = 2;

using CodePoints = std::vector<char32_t>;

bool is_break(char32_t c) { return c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029; }
bool is_gap(char32_t c) { return c == 0 || c == ' ' || c == '\t' || c == '\r' || is_break(c); }
bool is_one_of(char32_t c, std::string_view set) {
  return c < 0x80 && set.find(static_cast<char>(c)) != std::string_view::npos;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// analyze_scalar of PyYAML's emitter: characters that a style cannot carry.
struct Analysis {
  bool is_plain = true;   // as far as the characters go
  bool is_single = true;  // single quotes suffice
};

bool needs_escape(char32_t c) {
  const bool printable = c == '\n' || (c >= 0x20 && c <= 0x7E) || c == 0x85 ||
                         (c >= 0xA0 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) ||
                         (c >= 0x10000 && c < 0x10FFFF);
  return !printable || c == 0xFEFF;
}

bool is_indicator(const CodePoints& text, size_t i) {
  const char32_t c = text[i];
  const bool gap_follows = i + 1 >= text.size() || is_gap(text[i + 1]);
  if (i == 0) {
    return is_one_of(c, "#,[]{}&*!|>'\"%@`") || (is_one_of(c, "?:-") && gap_follows);
  }
  return (c == ':' && gap_follows) || (c == '#' && is_gap(text[i - 1]));
}

Analysis analyse(const CodePoints& text) {
  Analysis found;
  const auto starts_with = [&](std::u32string_view marker) {
    return std::u32string_view(text.data(), text.size()).substr(0, marker.size()) == marker;
  };
  if (starts_with(U"---") || starts_with(U"...")) found.is_plain = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (is_indicator(text, i) || is_break(c)) found.is_plain = false;
    if (c == ' ' && (i == 0 || i + 1 == text.size())) found.is_plain = false;
    const bool break_space = c == ' ' && i > 0 && is_break(text[i - 1]);
    const bool space_break = is_break(c) && i > 0 && text[i - 1] == ' ';
    if (break_space || space_break || needs_escape(c)) found.is_plain = found.is_single = false;
  }
  return found;
}

void append(std::string& out, int64_t& column, const CodePoints& text, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) out += utf8(text[i]);
  column += static_cast<int64_t>(end - begin);
}

std::string write_plain(const CodePoints& text, int64_t column) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    size_t end = i + 1;
    if (text[i] == ' ') {
      while (end < text.size() && text[end] == ' ') ++end;
      if (end == i + 1 && column > kBestWidth) {
        out += kFoldIndent;
        column = kFoldColumn;
        i = end;
        continue;
      }
    } else {
      while (end < text.size() && text[end] != ' ') ++end;
    }
    append(out, column, text, i, end);
    i = end;
  }
  return out;
}

std::string write_single_quoted(const CodePoints& text, int64_t column) {
  std::string out = "'";
  ++column;
  for (size_t i = 0; i < text.size();) {
    size_t end = i + 1;
    if (text[i] == ' ') {
      while (end < text.size() && text[end] == ' ') ++end;
      if (end == i + 1 && column > kBestWidth && i != 0 && end != text.size()) {
        out += kFoldIndent;
        column = kFoldColumn;
      } else {
        append(out, column, text, i, end);
      }
    } else if (is_break(text[i])) {
      // A lone line feed would be read as a space, so the first of a run is written twice.
      if (text[i] == '\n') out += '\n';
      for (; end < text.size() && is_break(text[end]); ++end) {
      }
      for (size_t k = i; k < end; ++k) out += utf8(text[k]);
      out += "  ";
      column = kFoldColumn;
    } else if (text[i] == '\'') {
      out += "''";
      column += 2;
    } else {
      append(out, column, text, i, end);
    }
    i = end;
  }
  return out + "'";
}

std::string escape(char32_t c) {
  using namespace std::string_view_literals;
  constexpr std::u32string_view kEscaped = U"\0\a\b\t\n\v\f\r\x1B\"\\\x85\xA0\u2028\u2029"sv;
  constexpr std::string_view kNames = "0abtnvfre\"\\N_LP";
  const size_t known = kEscaped.find(c);
  if (known != std::u32string_view::npos) return {'\\', kNames[known]};
  std::array<char, 12> text{};
  const char* format = c <= 0xFF ? "\\x%02X" : c <= 0xFFFF ? "\\u%04X" : "\\U%08X";
  std::snprintf(text.data(), text.size(), format, static_cast<unsigned>(c));
  return text.data();
}

bool must_escape_in_double(char32_t c) {
  const bool shown =
      (c >= 0x20 && c <= 0x7E) || (c >= 0xA0 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD);
  return !shown || c == '"' || c == '\\' || is_break(c) || c == 0xFEFF;
}

// write_double_quoted of PyYAML's emitter, whose folding looks at the text not yet written.
std::string write_double_quoted(const CodePoints& text, int64_t column) {
  std::string out = "\"";
  ++column;
  size_t start = 0;
  for (size_t end = 0; end <= text.size(); ++end) {
    const bool at_end = end == text.size();
    if (at_end || must_escape_in_double(text[end])) {
      if (start < end) append(out, column, text, start, end);
      start = end;
      if (!at_end) {
        const std::string escaped = escape(text[end]);
        out += escaped;
        column += static_cast<int64_t>(escaped.size());
        start = end + 1;
      }
    }
    const int64_t pending = static_cast<int64_t>(end) - static_cast<int64_t>(start);
    const bool inside = end > 0 && end + 1 < text.size();
    if (inside && (text[end] == ' ' || start >= end) && column + pending > kBestWidth) {
      if (start < end) {
        append(out, column, text, start, end);
        start = end;
      }
      out += '\\';
      out += kFoldIndent;
      column = kFoldColumn;
      if (text[start] == ' ') {
        out += '\\';
        ++column;
      }
    }
  }
  return out + "\"";
}

std::string unquote_single(std::string_view body) {
  std::string text;
  for (size_t i = 0; i < body.size(); ++i) {
    text += body[i];
    if (body[i] == '\'') ++i;
  }
  return text;
}

std::optional<char32_t> parse_hex(std::string_view digits, size_t count) {
  if (digits.size() < count) return std::nullopt;
  uint32_t value = 0;
  for (const char c : digits.substr(0, count)) {
    const char lower = to_lower(std::string_view(&c, 1))[0];
    if (is_digit(lower)) {
      value = value * 16 + static_cast<uint32_t>(lower - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + static_cast<uint32_t>(lower - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value == 0 || value > 0x10FFFF || surrogate) return std::nullopt;
  return static_cast<char32_t>(value);
}

std::string unquote_double(std::string_view body) {
  std::string text;
  for (size_t i = 0; i < body.size(); ++i) {
    if (body[i] != '\\' || i + 1 == body.size()) {
      text += body[i];
      continue;
    }
    const char name = body[++i];
    const size_t hex_digits = name == 'x' ? 2 : name == 'u' ? 4 : name == 'U' ? 8 : 0;
    const std::optional<char32_t> code_point =
        hex_digits > 0 ? parse_hex(body.substr(i + 1), hex_digits) : std::nullopt;
    if (code_point) {
      text += utf8(*code_point);
      i += hex_digits;
    } else if (name == 't' || name == 'n') {
      text += name == 't' ? '\t' : '\n';
    } else {
      text += name;
    }
  }
  return text;
}

// Whether `text` is one quoted scalar: no quote inside that would have ended it.
bool is_quoted(std::string_view text, char quote) {
  if (text.size() < 2 || text.front() != quote || text.back() != quote) return false;
  const std::string_view body = text.substr(1, text.size() - 2);
  for (size_t i = 0; i < body.size(); ++i) {
    if (quote == '"' && body[i] == '\\') {
      if (++i == body.size()) return false;
    } else if (body[i] == quote) {
      if (quote == '"' || i + 1 == body.size() || body[++i] != quote) return false;
    }
  }
  return true;
}

}  // namespace

std::string yaml_scalar(std::string_view text, int64_t column) {
  const CodePoints decoded = code_points(text);
  const Analysis found = analyse(decoded);
  if (found.is_plain && yaml_is_string(text)) return write_plain(decoded, column);
  return found.is_single ? write_single_quoted(decoded, column)
                         : write_double_quoted(decoded, column);
}

std::string yaml_unquote(std::string_view text) {
  if (is_quoted(text, '\'')) return unquote_single(text.substr(1, text.size() - 2));
  if (is_quoted(text, '"')) return unquote_double(text.substr(1, text.size() - 2));
  return std::string(text);
}

}  // namespace ams
