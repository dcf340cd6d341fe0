// Hashes that files are known by on the Hub: SHA-256 of large ones, git's blob SHA-1 of small ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace ams {

struct FileHash {
  enum class Kind { Sha256, GitBlob };
  Kind kind = Kind::Sha256;
  std::string hex;  // 64 or 40 lower-case digits
  bool operator==(const FileHash&) const = default;
};

// An ETag or JSON value as a hash: W/ and quotes are taken off, 64 digits are SHA-256, 40 a blob's.
// Absent if it is neither.
std::optional<FileHash> parse_file_hash(std::string_view text);

// Reads the file in blocks and calls `progress` with the bytes read so far.
// Throws NotFound if it cannot be read, Cancelled on stop.
std::string hash_file(const std::filesystem::path& path,
                      FileHash::Kind kind,
                      const std::stop_token& stop,
                      const std::function<void(int64_t)>& progress);

}  // namespace ams
