#include "deploy/space_front_matter.h"

#include <regex>
#include <sstream>
#include <stdexcept>

namespace ams {
namespace {

// No quotes, no indicators at the start, and neither ": " nor " #" inside.
void check_plain(const std::string& value, const std::string& line) {
  const bool starts_badly =
      value.empty() ||
      std::string_view("!&*-?|>@`\"'%{}[],#: ~").find(value[0]) != std::string::npos;
  const bool is_ambiguous = value.find(": ") != std::string::npos ||
                            value.find(" #") != std::string::npos || value.back() == ':' ||
                            value.back() == ' ';
  if (starts_badly || is_ambiguous) {
    throw std::runtime_error("front matter: no plain value in '" + line + "'");
  }
}

}  // namespace

FrontMatter read_front_matter(std::string_view text) {
  static const std::regex kPair("([A-Za-z_]+): (.*)");
  static const std::regex kListName("([A-Za-z_]+):");
  static const std::regex kListItem("  - (.*)");
  std::istringstream lines{std::string(text)};
  std::string line;
  if (!std::getline(lines, line) || line != "---") {
    throw std::runtime_error("front matter: the first line is '" + line + "', expected '---'");
  }
  FrontMatter matter;
  std::vector<std::string>* list = nullptr;
  std::smatch match;
  while (std::getline(lines, line)) {
    if (line == "---") return matter;
    if (list != nullptr && std::regex_match(line, match, kListItem)) {
      list->push_back(match[1]);
      check_plain(list->back(), line);
      continue;
    }
    const bool is_list = std::regex_match(line, match, kListName);
    if (!is_list && !std::regex_match(line, match, kPair)) {
      throw std::runtime_error("front matter: not understood: '" + line + "'");
    }
    const std::string key = match[1];
    if (matter.values.contains(key) || matter.lists.contains(key)) {
      throw std::runtime_error("front matter: '" + key + "' comes twice");
    }
    list = is_list ? &matter.lists[key] : nullptr;
    if (is_list) continue;
    matter.values[key] = match[2];
    check_plain(matter.values[key], line);
  }
  throw std::runtime_error("front matter: no line '---' at its end");
}

}  // namespace ams
