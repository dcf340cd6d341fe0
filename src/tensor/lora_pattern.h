// The patterns by which PEFT gives single modules another alpha.
#pragma once

#include <string_view>

namespace ams {

// Whether the pattern has only characters that stand for themselves, and dots: cheap to match.
bool is_plain_pattern(std::string_view pattern);

// Whether `pattern` names the module or an ending of its path that starts after a dot, as PEFT's
// `(.*\.)?(pattern)$` does. Understands literals, `.`, `\d`, `\w`, `\.` and other escapes, classes
// `[0-9a]`, groups `(a|b)`, and `* + ? {m} {m,n}` after them. The pattern is hostile: work is
// bounded. Throws CorruptFile if it is malformed, nested too deeply or takes too long.
bool matches_module(std::string_view pattern, std::string_view module);

}  // namespace ams
