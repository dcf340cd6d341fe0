// Levels between samples, read from the signal interpolated four times (ITU-R BS.1770-4, Annex 2).
#pragma once

#include <vector>

#include "audio/audio_buffer.h"

namespace ams {

// [N]: the level of each sample and of the signal up to the next one, the largest of all channels.
// The first value also covers the signal's rise before it. The true peak is the largest value.
// Throws InvalidRequest on malformed audio. Thread-safe.
std::vector<float> true_peak_envelope(const AudioBuffer& audio);

}  // namespace ams
