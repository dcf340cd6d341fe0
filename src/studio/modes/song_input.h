// Audio files that a request names, in the form the modes work on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "audio/audio_buffer.h"
#include "studio/modes/song_draft.h"

namespace ams {

struct InputLimits {
  std::string_view role;      // as metadata names it: "ref_audio"
  int64_t max_mebibytes = 0;  // of the file
  double max_seconds = 0;
};

// 48 kHz stereo within ±1, at least 1 s long. Adds what the file was to the report's inputs.
// Throws as decode_audio_file(), and InvalidRequest on audio whose peak is below -60 dBFS.
AudioBuffer read_song_input(const std::string& path,
                            const InputLimits& limits,
                            const ModeContext& context);

// The first `length` samples; shorter audio is repeated from its start.
AudioBuffer fit_length(const AudioBuffer& audio, int64_t length);

// Zeros behind the audio up to a multiple of `hop` samples.
AudioBuffer pad_to_frames(const AudioBuffer& audio, int64_t hop);

}  // namespace ams
