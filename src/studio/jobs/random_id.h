// Names that nobody can guess, and the one form of names from outside.
#pragma once

#include <string>
#include <string_view>

namespace ams {

// `prefix` and 32 hexadecimal digits from the system's random source: "u_5f0c…". Thread-safe.
std::string random_id(std::string_view prefix);

// 16 to 64 characters of [A-Za-z0-9_-].
bool is_session_id(std::string_view text);
// Throws InvalidRequest unless it is one.
void check_session_id(std::string_view text);

}  // namespace ams
