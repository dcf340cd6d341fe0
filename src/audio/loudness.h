// Loudness by ITU-R BS.1770 / EBU R128 (libebur128), true peaks by true_peak.h, and normalisation
// to a target.
#pragma once

#include <optional>

#include "audio/audio_buffer.h"

namespace ams {

struct Loudness {
  std::optional<double> integrated_lufs;  // empty: silence or less than 0.4 s, not measurable
  std::optional<double> range_lu;         // EBU Tech 3342; empty: as above
  std::optional<double> true_peak_dbtp;   // empty: digital silence
  std::optional<double> sample_peak_dbfs;
};

// Channels are left and right, or one mono channel as it is. Throws InvalidRequest, OutOfMemory.
// Thread-safe.
Loudness measure_loudness(const AudioBuffer& audio);

struct LoudnessTarget {
  double integrated_lufs = -14.0;  // [-70, 0]
  double ceiling_dbtp = -1.0;      // [-20, 0], highest true peak
};

struct NormalisedAudio {
  AudioBuffer audio;
  Loudness before;
  Loudness after;
  double gain_db = 0.0;       // applied to the whole song
  double reduction_db = 0.0;  // most that the limiter took away, 0 = it was not needed
};

// One gain for the whole song; where that would pass the ceiling, a look-ahead limiter holds the
// peaks and the gain is raised (by at most 6 dB) to make up for what it takes. `after` is measured
// on the result and may stay below the target when that does not suffice.
// Throws InvalidRequest on targets outside their ranges and on audio whose loudness cannot be
// measured (silent or shorter than 0.4 s). Thread-safe.
NormalisedAudio normalise_loudness(const AudioBuffer& audio, const LoudnessTarget& target);

}  // namespace ams
