// Which audio formats this build can really write and read back.
#pragma once

#include <string>
#include <vector>

namespace ams {

struct CodecCheck {
  std::string format = {};  // "wav16", "mp3", "flac"
  std::string fault = {};   // what went wrong; empty: it works
};

// Writes a short tone in each format that the studio needs into a temporary folder and reads it.
// Thread-safe.
std::vector<CodecCheck> survey_codecs();

}  // namespace ams
