// Joining waveforms: the repaint splice and the extension's seam.
#pragma once

#include <cstdint>

#include "audio/audio_buffer.h"

namespace ams {

// Where a decoded song replaces its source. Sample positions of the source.
struct SpliceRange {
  int64_t begin = 0;              // first replaced sample
  int64_t end = 0;                // one past the last
  int64_t crossfade_samples = 0;  // linear ramps on both sides, outside the range; 0 = hard cuts
};

// The reference's repaint splice: `decoded` inside the range, the bit-exact `source` outside, and
// linear ramps m = (j + 1) / (n + 1) that lie outside the range (n is cut where the audio ends).
// Length of `decoded`; where the source is shorter, the rest stays decoded. A range that covers
// everything returns `decoded`. Throws InvalidRequest if rates or channels differ, or on a range
// that is empty, reversed or outside `decoded`.
AudioBuffer splice_repaint(const AudioBuffer& decoded,
                           const AudioBuffer& source,
                           const SpliceRange& range);

// `head` followed by `tail`, whose first `overlap_samples` sound at the same time as the last of
// `head`: there head * cos + tail * sin, equal in power for unrelated signals. Outside the overlap
// both are bit-exact. Length = head + tail - overlap. Throws InvalidRequest if rates or channels
// differ or the overlap is negative or longer than either part.
AudioBuffer join_equal_power(const AudioBuffer& head,
                             const AudioBuffer& tail,
                             int64_t overlap_samples);

}  // namespace ams
