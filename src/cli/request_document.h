// The request that a file holds: a request file, a song's metadata, or the tags of an audio file.
#pragma once

#include <filesystem>

#include "base/json.h"

namespace ams {

// True for names that end in .json.
bool is_json_name(const std::filesystem::path& path);

// The JSON of a .json file, else of the audio file's tag. Throws NotFound, CorruptFile, Unsupported
// (too large), InvalidRequest if the audio file holds no request.
Json request_document(const std::filesystem::path& path);

}  // namespace ams
