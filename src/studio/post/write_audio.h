// Writing a song with progress and cancellation. Module-private.
#pragma once

#include <filesystem>

#include "audio/encode.h"
#include "studio/engine.h"

namespace ams {

// As write_audio_file(), in pieces; stage "writing". Throws Cancelled, then nothing is written.
void write_audio(const std::filesystem::path& path,
                 const AudioBuffer& audio,
                 const EncodeOptions& options,
                 const JobContext& job);

// Without fields of foreign files that no tag can hold.
AudioTags writable_tags(AudioTags tags);

}  // namespace ams
