// FFmpeg's decoded frames -> float channels. Module-private.
#pragma once

#include <cstdint>
#include <vector>

#include "audio/ffmpeg.h"

namespace ams {

// Appends the first `channels.size()` channels of `frame` to `channels`; integer formats are scaled
// so that their most negative value is -1. Returns false if a kept sample is NaN or infinite.
// Throws Unsupported on a sample format that no allowed decoder makes.
bool append_frame(const AVFrame& frame, std::vector<std::vector<float>>& channels);

}  // namespace ams
