// Which plain words YAML 1.1 reads as something else than text.
#pragma once

#include <string_view>

namespace ams {

// False for what PyYAML's resolver takes for a null, bool, number, date or merge key: "no", "0x1f",
// "1:30", "2024-01-01". Thread-safe.
bool yaml_is_string(std::string_view text);

}  // namespace ams
