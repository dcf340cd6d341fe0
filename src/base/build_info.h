// Which build of the program this is.
#pragma once

#include <string_view>

namespace ams {

std::string_view version();  // "0.1.0"
std::string_view commit();   // "1a2b3c4d", "unknown" outside a git checkout

}  // namespace ams
