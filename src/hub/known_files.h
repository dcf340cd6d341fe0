// Hashes of published files that others recorded, to notice when a repository holds something else.
#pragma once

#include <span>
#include <string_view>

namespace ams {

struct KnownFile {
  std::string_view repository;
  std::string_view path;
  std::string_view sha256;
};

// Immutable; thread-safe.
std::span<const KnownFile> known_files();

// Null if nothing was recorded of that file.
const KnownFile* find_known_file(std::string_view repository, std::string_view path);

}  // namespace ams
