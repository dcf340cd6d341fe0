// Unicode operations of the tokenizer.
#pragma once

#include <string>
#include <string_view>

namespace ams {

// Canonical composition (NFC, Unicode annex 15). `text` must be UTF-8. Throws InvalidRequest if
// more than 1024 combining marks follow each other: sorting them would take quadratic time.
// Thread-safe.
std::string normalize_nfc(std::string_view text);

// `bytes` with every maximal ill-formed part replaced by one U+FFFD (Unicode 3.9, "substitution of
// maximal subparts", as the reference tokenizer decodes). Thread-safe.
std::string repair_utf8(std::string_view bytes);

}  // namespace ams
