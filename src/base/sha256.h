// SHA-256 (FIPS 180-4), as metadata and checksums write it: 64 lower-case hexadecimal digits.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace ams {

std::string sha256_of(std::string_view bytes);

// Reads the file in blocks. Throws NotFound if it cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace ams
