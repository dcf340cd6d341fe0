// The reversible byte <-> character table of byte-level BPE files (GPT-2): vocabulary files spell
// each byte as one printable character, for example a space as U+0120.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ams {

// The bytes that `spelling` (UTF-8) stands for; nothing if a character is not in the table.
// Thread-safe.
std::optional<std::string> bytes_of_spelling(std::string_view spelling);

}  // namespace ams
