#include "text/byte_alphabet.h"

#include <array>
#include <cstdint>

namespace ams {
namespace {

// Printable Latin-1 characters spell themselves; the other 68 bytes take U+0100 and following.
constexpr int kAlphabetEnd = 0x100 + 68;
using ByteOfCharacter = std::array<int16_t, kAlphabetEnd>;

constexpr ByteOfCharacter make_table() {
  ByteOfCharacter table{};
  for (int16_t& byte : table) byte = -1;
  int next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const bool is_printable =
        (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    table[static_cast<size_t>(is_printable ? byte : next++)] = static_cast<int16_t>(byte);
  }
  return table;
}

constexpr ByteOfCharacter kByteOfCharacter = make_table();

}  // namespace

std::optional<std::string> bytes_of_spelling(std::string_view spelling) {
  std::string bytes;
  bytes.reserve(spelling.size());
  for (size_t i = 0; i < spelling.size(); ++i) {
    // All characters of the table have one or two bytes in UTF-8.
    const auto lead = static_cast<unsigned char>(spelling[i]);
    size_t character = lead;
    if (lead >= 0x80) {
      if ((lead & 0xE0) != 0xC0 || i + 1 == spelling.size()) return std::nullopt;
      const auto next = static_cast<unsigned char>(spelling[++i]);
      character = (size_t{lead & 0x1Fu} << 6) | (next & 0x3Fu);
    }
    if (character >= kByteOfCharacter.size() || kByteOfCharacter[character] < 0) {
      return std::nullopt;
    }
    bytes.push_back(static_cast<char>(kByteOfCharacter[character]));
  }
  return bytes;
}

}  // namespace ams
