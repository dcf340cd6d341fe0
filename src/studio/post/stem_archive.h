// A zip archive of files, uncompressed.
#pragma once

#include <filesystem>
#include <span>

namespace ams {

// Stores the files under their own names, without times, so that equal files make equal archives;
// it appears under its name when it is complete. Throws NotFound, Internal with the system's reason
// (disk full). Thread-safe.
void write_stored_zip(const std::filesystem::path& path,
                      std::span<const std::filesystem::path> files);

}  // namespace ams
