#include "support/wav_bytes.h"

#include <bit>

namespace ams {
namespace {

void append_little_endian(std::string& bytes, uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xFF);
}

}  // namespace

std::string wav_bytes(const WavParts& parts) {
  const auto data_bytes =
      static_cast<uint64_t>(parts.stated_data_bytes >= 0 ? parts.stated_data_bytes
                                                         : static_cast<int64_t>(parts.data.size()));
  const int block = parts.channels * parts.bits / 8;
  std::string bytes = "RIFF";
  append_little_endian(bytes, 36 + data_bytes, 4);
  bytes += "WAVEfmt ";
  append_little_endian(bytes, 16, 4);
  append_little_endian(bytes, static_cast<uint64_t>(parts.format_tag), 2);
  append_little_endian(bytes, static_cast<uint64_t>(parts.channels), 2);
  append_little_endian(bytes, static_cast<uint64_t>(parts.sample_rate), 4);
  append_little_endian(bytes, static_cast<uint64_t>(parts.sample_rate * block), 4);
  append_little_endian(bytes, static_cast<uint64_t>(block), 2);
  append_little_endian(bytes, static_cast<uint64_t>(parts.bits), 2);
  bytes += "data";
  append_little_endian(bytes, data_bytes, 4);
  return bytes + parts.data;
}

std::string pcm16(const std::vector<int16_t>& samples) {
  std::string bytes;
  for (const int16_t sample : samples) {
    append_little_endian(bytes, static_cast<uint16_t>(sample), 2);
  }
  return bytes;
}

std::string float32(const std::vector<float>& samples) {
  std::string bytes;
  for (const float sample : samples) {
    append_little_endian(bytes, std::bit_cast<uint32_t>(sample), 4);
  }
  return bytes;
}

}  // namespace ams
