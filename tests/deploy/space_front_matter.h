// The front matter of a Space's README, read so strictly that no YAML reader can see something
// else.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ams {

struct FrontMatter {
  std::map<std::string, std::string> values;
  std::map<std::string, std::vector<std::string>> lists;
};

// Reads `key: value` and lists of `  - value` between two lines `---`. Values are plain scalars
// that every YAML version takes for the same text. Throws std::runtime_error that quotes the line
// for anything else, also for keys that come twice.
FrontMatter read_front_matter(std::string_view text);

}  // namespace ams
