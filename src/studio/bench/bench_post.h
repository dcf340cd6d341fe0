// The bench of what happens to finished audio files.
#pragma once

#include <string_view>

#include "studio/bench/bench.h"

namespace ams {

// True for "stems", "loudness", "mp3" and "decode-audio", which no song model takes part in.
bool is_post_stage(std::string_view stage);

// Measures one of these stages on a made-up song of the options' length: wall and processor time.
// "stems" has random weights of the published size. Throws Unsupported in a build without audio,
// Cancelled, OutOfMemory.
BenchReport run_post_bench(const BenchOptions& options, const JobContext& job);

}  // namespace ams
