// WAV files made byte by byte, also wrong ones.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ams {

// A RIFF file. `stated_data_bytes` < 0 = the true size.
struct WavParts {
  int format_tag = 1;  // 1 = PCM, 3 = float
  int channels = 1;
  int64_t sample_rate = 48000;
  int bits = 16;
  std::string data;
  int64_t stated_data_bytes = -1;
};
std::string wav_bytes(const WavParts& parts);
std::string pcm16(const std::vector<int16_t>& samples);
std::string float32(const std::vector<float>& samples);

}  // namespace ams
