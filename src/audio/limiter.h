// A look-ahead true-peak limiter for whole songs.
#pragma once

#include <vector>

#include "audio/audio_buffer.h"

namespace ams {

struct LimiterOptions {
  double ceiling_dbtp = -1.0;  // <= 0; highest level between samples too
  double look_ahead_ms = 5.0;  // gain is lowered this long before a peak
  double release_ms = 120.0;   // time constant of the recovery after a peak
};

// Level of each sample and of the signal up to the next one, the largest of all channels, read from
// the signal interpolated four times (ITU-R BS.1770-4, Annex 2). Thread-safe.
std::vector<float> true_peak_envelope(const AudioBuffer& audio);

// Scales the song by `gain_db` and lowers that gain, for all channels together, around peaks above
// the ceiling. It follows the sliding minimum of what each peak allows, recovers exponentially, and
// is smoothed over twice the look-ahead: it is down before a peak and never jumps. `envelope` is
// that of the song before the gain. Returns the lowest gain of the limiter (1 = untouched).
// Throws InvalidRequest on a positive ceiling. Thread-safe.
double amplify_limited(AudioBuffer& audio,
                       const std::vector<float>& envelope,
                       double gain_db,
                       const LimiterOptions& options);

// The limiter alone, without a gain.
double limit_true_peak(AudioBuffer& audio, const LimiterOptions& options);

}  // namespace ams
