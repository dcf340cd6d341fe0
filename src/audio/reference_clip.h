// The 30 s clip from which the timbre of a reference song is taken.
#pragma once

#include <array>
#include <cstdint>

#include "audio/audio_buffer.h"

namespace ams {

inline constexpr int64_t kReferencePieceSamples = 480000;  // 10 s at 48 kHz
inline constexpr int64_t kReferenceClipSamples = 3 * kReferencePieceSamples;

// First sample of the front, middle and back piece.
using ReferenceOffsets = std::array<int64_t, 3>;

// Smallest and largest allowed offset of each piece, both included.
struct ReferenceRanges {
  ReferenceOffsets lowest{};
  ReferenceOffsets highest{};
};

// Samples after repetition: clips shorter than 30 s are repeated whole until they last as long.
// length >= 1.
int64_t repeated_reference_length(int64_t length);

// Each piece lies in one third of the (repeated) song, as the reference draws its random offsets.
ReferenceRanges reference_ranges(int64_t length);

// The choice without randomness: 0, a third of the (repeated) song, and its last 10 s.
ReferenceOffsets fixed_reference_offsets(int64_t length);

// Front, middle and back piece of `song` (48 kHz stereo), [2, 1440000]. Offsets count in the
// repeated song. Throws InvalidRequest on another format, an empty or silent song, or offsets
// outside the song.
AudioBuffer assemble_reference_clip(const AudioBuffer& song, const ReferenceOffsets& offsets);

}  // namespace ams
