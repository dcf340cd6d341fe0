// What can be said about an audio file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "audio/decode.h"
#include "audio/loudness.h"
#include "studio/engine.h"

namespace ams {

// A value type.
struct AudioFacts {
  AudioSource source;  // container, codec, rate, channels, length, tags
  Loudness loudness;   // of the first two channels
  int64_t bytes = 0;   // of the file
  std::string sha256;  // of the file
};

// Decodes and measures. Stages "reading", "loudness". Throws as read_post_source().
AudioFacts audio_facts(const std::filesystem::path& path, const JobContext& job);

// The request in the file's tags; empty: none. Reads headers only. Throws as probe_audio_file().
// Thread-safe.
std::string request_in_audio(const std::filesystem::path& path);

}  // namespace ams
