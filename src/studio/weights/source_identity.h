// What tells one set of weight files from another without reading all of it.
#pragma once

#include <filesystem>
#include <string>

namespace ams {

// A hash of the names, sizes and times of change of a folder's weight files (those that were
// published, or else GGUF files), of the first 256 KiB
// of each (the header with all names and shapes) and of 64 samples of 4 KiB spread over it.
// Reading all of XL's 20 GB would take longer than quantising it saves. Size and time alone are not
// enough: files of one model size have the same size, and images and archives set all times alike.
// A file that is edited between the samples has a new time. 64 hexadecimal digits. Throws NotFound
// without weight files.
std::string source_identity(const std::filesystem::path& folder);

}  // namespace ams
