// Peaks, fades and silence.
#pragma once

#include <cstdint>

#include "audio/audio_buffer.h"

namespace ams {

// Largest |sample| of all channels; 0 for an empty buffer.
float peak_amplitude(const AudioBuffer& audio);

// True if every |sample| < 1e-6, the reference's test for silence (also for an empty buffer).
bool is_silent(const AudioBuffer& audio);

// Divides by the peak if the peak exceeds full scale; returns the gain used (1 = untouched).
float guard_peak(AudioBuffer& audio);

// Scales so that the peak is `peak_dbfs` (<= 0), quiet audio too; returns the gain. A peak below
// 1e-6 is left alone. Throws InvalidRequest on a positive level.
float normalise_peak(AudioBuffer& audio, double peak_dbfs);

struct Fades {
  double in_seconds = 0.0;   // 0 = none; longer than the audio = the whole audio
  double out_seconds = 0.0;  // likewise
};

// Linear ramps from 0 to 1 and back that include both end values. Throws InvalidRequest on a
// negative length.
void apply_fades(AudioBuffer& audio, const Fades& fades);

double amplitude_to_db(double amplitude);  // 20 log10; -infinity for 0
double db_to_amplitude(double db);

}  // namespace ams
