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

// The limiter's gain for each value of an envelope of `sample_rate` values a second, which is to be
// scaled by `song_gain`; all 1 where nothing is above the ceiling. Thread-safe.
std::vector<float> limiter_gains(const std::vector<float>& envelope,
                                 float song_gain,
                                 double sample_rate,
                                 const LimiterOptions& options);

// Scales the song by `gain_db` and lowers that gain, for all channels together, around peaks above
// the ceiling. It follows the sliding minimum of what each peak allows, recovers exponentially, and
// is smoothed over twice the look-ahead: it is down before a peak and never jumps. `envelope` is
// true_peak_envelope() of the song before the gain. Returns the lowest gain of the limiter (1 =
// untouched). Throws InvalidRequest on a positive ceiling. Thread-safe.
double amplify_limited(AudioBuffer& audio,
                       const std::vector<float>& envelope,
                       double gain_db,
                       const LimiterOptions& options);

// The limiter alone, without a gain.
double limit_true_peak(AudioBuffer& audio, const LimiterOptions& options);

}  // namespace ams
