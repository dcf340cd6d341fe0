// Small text files, read whole and written whole or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace ams {

// Throws NotFound if the file cannot be read, Unsupported if it is larger than `max_bytes`.
std::string read_text_file(const std::filesystem::path& path, size_t max_bytes);

// Writes beside `path` and renames, so that no half file appears under that name.
// Throws as require_writable(), Internal if the disk is full.
void write_text_file(const std::filesystem::path& path, std::string_view text);

// Whether a file of that name could be made, asked before long work. Leaves nothing behind.
// Throws NotFound if the folder does not exist, InvalidRequest if it cannot be written or if `path`
// names a folder.
void require_writable(const std::filesystem::path& path);

}  // namespace ams
