// Decides whether an uploaded file is audio that a role can use, and measures it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "studio/jobs/upload_view.h"

namespace ams {

struct AudioIntake {
  std::filesystem::path file;  // hostile bytes
  UploadRole role = UploadRole::RefAudio;
  std::string name;                    // of the user's file, for messages
  std::optional<double> trim_seconds;  // keep that much of the beginning
};

// Facts, size, hash and peaks of the file as it is to be kept; the caller adds ids and times. With
// `trim_seconds` below its length the file is replaced by 24-bit WAV of the beginning.
// Throws ProblemErrors with the role as field: TooLarge, Unsupported (with what was found),
// CorruptFile, InvalidRequest (too short, too long, silent). Thread-safe; decodes.
AudioUpload take_in_audio(const AudioIntake& intake);

// `name` as it may be shown: without folders and control characters, at most 120 characters, never
// empty.
std::string display_name(const std::string& name);

}  // namespace ams
