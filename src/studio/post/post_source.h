// What the functions of this folder take in. They work on finished audio files: stems, loudness,
// export and facts. They know no jobs, requests or HTTP; the source file is never changed, and a
// result appears under its name only when it is complete.
#pragma once

#include <filesystem>
#include <string_view>

#include "audio/decode.h"
#include "studio/engine.h"

namespace ams {

// Limits of a source file: 600 s and 512 MiB; its stop token is the job's.
DecodeOptions post_limits(const JobContext& job);

// Decodes `path` within the limits, with progress in stage "reading". Throws as
// decode_audio_file(). Confined to one thread.
DecodedAudio read_post_source(const std::filesystem::path& path, const JobContext& job);

// Progress of a stage without steps.
void report_stage(const JobContext& job, std::string_view stage, double fraction);

// Throws Cancelled saying that nothing of `what` was written.
void throw_if_stopped(const JobContext& job, std::string_view what);

// Throws InvalidRequest if both are the same file.
void require_other_file(const std::filesystem::path& source, const std::filesystem::path& target);

}  // namespace ams
