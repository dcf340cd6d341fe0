// Audio for tests that need some.
#pragma once

#include <cstdint>

#include "audio/audio_buffer.h"

namespace ams {

struct TestSong {
  double seconds = 2.0;
  int64_t sample_rate = 48000;  // Hz
  int64_t channels = 2;
  float amplitude = 0.3f;  // of the noise and of the tone
};

// A tone below reproducible noise; every channel differs.
AudioBuffer make_test_song(const TestSong& song = {});

}  // namespace ams
