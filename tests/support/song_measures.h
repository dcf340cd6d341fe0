// What a test hears of a song: tempo, liveliness, and how alike two songs are. Independent of the
// estimators that `ams info` prints, where those decide; the figures of training/analysis.py.
#pragma once

#include "audio/audio_buffer.h"

namespace ams {

// Beats a minute (60 to 180) of the strongest periodicity of the onset strength; 0 for silence.
double tempo_of(const AudioBuffer& audio);

// Within 4 % of `bpm`, or of its half or double.
bool has_tempo(const AudioBuffer& audio, double bpm);

// Share of 50 ms frames without a sample above -60 dBFS.
double silent_share(const AudioBuffer& audio);

// Mean correlation of the pitch classes of frames of half a second, [-1, 1]; the longer song is
// cut.
double harmony_likeness(const AudioBuffer& a, const AudioBuffer& b);

}  // namespace ams
