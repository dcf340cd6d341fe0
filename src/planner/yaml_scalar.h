// One string as PyYAML 6 writes it in a block mapping, which is what the planner was trained on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ams {

// `text` plain, 'single' or "double" quoted, folded after column 80 with an indent of two, as
// yaml.dump(allow_unicode=True) writes the value of a key. `column`: characters on the line before
// the value, the space included. `text` must be UTF-8. Thread-safe, as all here.
std::string yaml_scalar(std::string_view text, int64_t column);

// The inverse for one line, as a language model writes it: removes matching quotes around the
// whole value and resolves escapes. Text that is not a complete quoted scalar stays as it is.
std::string yaml_unquote(std::string_view text);

}  // namespace ams
