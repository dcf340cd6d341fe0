// Tempo of a song from the autocorrelation of its onsets.
#pragma once

#include <optional>
#include <vector>

#include "audio/audio_buffer.h"

namespace ams {

// How fast the spectrum grows: summed rises of log power in each band, `rate` values a second.
struct OnsetEnvelope {
  std::vector<float> strength;
  double rate = 0.0;  // Hz
};
OnsetEnvelope onset_envelope(const AudioBuffer& audio);

struct Tempo {
  double bpm = 0.0;  // 40 to 240
  double strength =
      0.0;  // autocorrelation at the beat period, about 0 for noise, 1 for a metronome
};

// Between octaves (60, 120, 240 bpm) the one nearest to 120 bpm is preferred (log-normal prior, one
// octave wide; Ellis 2007). Empty for audio under 3 s or without onsets. Thread-safe.
std::optional<Tempo> estimate_tempo(const AudioBuffer& audio);

}  // namespace ams
