// The file format that a name asks for.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "audio/audio_format.h"

namespace ams {

// By the target's ending (.wav is 16 bits), or one of AudioFormat.
enum class ExportFormat { ByEnding, Wav16, Wav24, Wav32Float, Flac, Mp3, Opus };

// Names of the enumerators, for field tables: "auto", "wav16", …
std::vector<std::string> export_format_names();

// By ending: .wav, .flac, .mp3, .opus. Throws InvalidRequest that lists them. Thread-safe.
AudioFormat format_of_name(const std::filesystem::path& path);

// Throws InvalidRequest if the ending names no format or another one than `format`.
AudioFormat resolve_format(ExportFormat format, const std::filesystem::path& path);

}  // namespace ams
