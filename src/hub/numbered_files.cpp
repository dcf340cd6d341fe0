#include "hub/numbered_files.h"

#include <algorithm>
#include <regex>

namespace ams {

bool has_all_parts(const std::set<std::string>& names) {
  static const std::regex kPart(R"((.*-)(\d{5})(-of-(\d{5})\..*))");
  for (const std::string& name : names) {
    std::smatch match;
    if (!std::regex_match(name, match, kPart)) continue;
    const int count = std::stoi(match[4]);
    for (int i = 1; i <= count; ++i) {
      std::string number = std::to_string(i);
      number.insert(0, 5 - std::min<size_t>(5, number.size()), '0');
      if (names.count(match[1].str() + number + match[3].str()) == 0) return false;
    }
  }
  return true;
}

}  // namespace ams
