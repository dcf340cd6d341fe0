#include "support/test_song.h"

#include <cmath>
#include <random>

namespace ams {

AudioBuffer make_test_song(const TestSong& song) {
  const auto rate = static_cast<double>(song.sample_rate);
  AudioBuffer audio =
      silent_audio(song.sample_rate, song.channels, std::llround(song.seconds * rate));
  std::mt19937 random(7);
  for (int64_t channel = 0; channel < song.channels; ++channel) {
    const double step =
        2.0 * 3.14159265358979 * (220.0 + 55.0 * static_cast<double>(channel)) / rate;
    int64_t i = 0;
    for (float& sample : audio.channel(channel)) {
      const auto noise = static_cast<float>(static_cast<double>(random()) / 4294967296.0 - 0.5);
      const auto tone = static_cast<float>(std::sin(step * static_cast<double>(i++)));
      sample = song.amplitude * (tone + noise);
    }
  }
  return audio;
}

}  // namespace ams
