#include "studio/lyrics/lyrics_text.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "base/str.h"
#include "planner/plain_text.h"

namespace ams {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

// The lines of `text` for which `keep` holds.
std::string filtered_lines(std::string_view text,
                           const std::function<bool(std::string_view line)>& keep) {
  std::string kept;
  for (const std::string_view line : lines_of(text)) {
    if (!keep(line)) continue;
    kept += line;
    kept += '\n';
  }
  if (!kept.empty()) kept.pop_back();  // as many line feeds as before
  return kept;
}

bool is_title(std::string_view line) {
  constexpr std::array<std::string_view, 9> kWords{
      "title", "song title", "titel", "titre", "título", "标题", "歌名", "タイトル", "제목"};
  const size_t begin = line.find_first_not_of(" \t#*_\"");
  if (begin == std::string_view::npos) return false;
  const std::string text = to_lower(line.substr(begin));
  for (const std::string_view word : kWords) {
    if (!text.starts_with(word)) continue;
    std::string_view rest = std::string_view(text).substr(word.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(" *_"), rest.size()));
    if (rest.starts_with(":") || rest.starts_with("：")) return true;
  }
  return false;
}

// "[Verse 2]" and "verse 2" -> "verse". Empty for a line that is no section.
std::string section_kind(std::string_view name) {
  std::string kind = to_lower(strip(name));
  const auto drop = [&](std::string_view characters) {
    kind.erase(kind.find_last_not_of(characters) + 1);
  };
  const size_t begin = kind.find_first_not_of("[ ");
  kind.erase(0, begin == std::string::npos ? kind.size() : begin);
  kind.erase(std::min(kind.find_first_of(":]"), kind.size()));  // "[chorus: softer]"
  drop("0123456789 \t#");
  return kind;
}

using Counts = std::vector<std::pair<std::string, int64_t>>;  // in the order of appearance

void count(Counts& counts, const std::string& kind) {
  if (kind.empty()) return;
  const auto known = std::find_if(
      counts.begin(), counts.end(), [&](const auto& row) { return row.first == kind; });
  if (known == counts.end()) {
    counts.emplace_back(kind, 1);
  } else {
    ++known->second;
  }
}

Counts wanted_sections(std::string_view structure) {
  std::string list(structure);
  for (const std::string_view comma : {"，", "、", "\n", ";"}) {
    for (size_t at = 0; (at = list.find(comma)) != std::string::npos;) {
      list[at] = ',';
      list.erase(at + 1, comma.size() - 1);
    }
  }
  Counts counts;
  std::string_view rest = list;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(','), rest.size());
    count(counts, section_kind(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return counts;
}

Counts written_sections(std::string_view text) {
  Counts counts;
  for (const std::string_view line : lines_of(text)) {
    const std::string_view tag = strip(line);
    if (tag.starts_with("[") && tag.ends_with("]")) count(counts, section_kind(tag));
  }
  return counts;
}

}  // namespace

std::string with_unix_line_ends(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    result += text[i] == '\r' ? '\n' : text[i];
  }
  return result;
}

std::string without_code_fences(std::string_view text) {
  return filtered_lines(text,
                        [](std::string_view line) { return !strip(line).starts_with("```"); });
}

std::string without_title(std::string_view text) {
  bool is_first = true;
  return filtered_lines(text, [&](std::string_view line) {
    if (!is_first || is_blank(line)) return true;
    is_first = false;
    return !is_title(line);
  });
}

std::string with_lower_case_tags(std::string_view text) {
  std::string result;
  while (true) {
    const size_t open = text.find('[');
    const size_t close = text.find_first_of("]\n", open);
    if (open == std::string_view::npos || close == std::string_view::npos) break;
    result += text.substr(0, open);
    if (text[close] == ']') {
      result += '[';
      result += to_lower(strip(text.substr(open + 1, close - open - 1)));
      result += ']';
    } else {
      result += text.substr(open, close + 1 - open);
    }
    text.remove_prefix(close + 1);
  }
  result += text;
  return result;
}

std::string with_single_blank_lines(std::string_view text) {
  bool was_blank = false;
  return filtered_lines(text, [&](std::string_view line) {
    const bool drops = was_blank && is_blank(line);
    was_blank = is_blank(line);
    return !drops;
  });
}

std::string normalise_lyrics(std::string_view text) {
  std::string result = with_unix_line_ends(text);
  result = without_title(without_code_fences(result));
  result = with_single_blank_lines(with_lower_case_tags(result));
  result = strip(result);
  if (!result.empty()) result += '\n';
  return result;
}

std::string_view cut_to_complete_lines(std::string_view text) {
  const size_t last = text.rfind('\n');
  return last == std::string_view::npos ? text : text.substr(0, last + 1);
}

std::vector<std::string> missing_sections(std::string_view structure, std::string_view text) {
  const Counts written = written_sections(text);
  std::vector<std::string> sentences;
  for (const auto& [kind, wanted] : wanted_sections(structure)) {
    int64_t found = 0;
    for (const auto& [name, times] : written) {
      if (name == kind) found = times;
    }
    if (found >= wanted) continue;
    sentences.push_back(found == 0 ? str("the lyrics have no section [", kind, "]")
                                   : str("the lyrics have ",
                                         found,
                                         " of the ",
                                         wanted,
                                         " sections [",
                                         kind,
                                         "] that were asked for"));
  }
  return sentences;
}

}  // namespace ams
