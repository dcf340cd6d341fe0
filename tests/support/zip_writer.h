// Zip archives made in memory, also wrong ones, for tests of their readers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ams {

struct ZipEntry {
  std::string name;
  std::string bytes;
  uint16_t method = 0;      // 0: stored
  bool damage_crc = false;  // write a wrong checksum
  uint32_t extra_size = 0;  // added to the stated size
};

// An archive as torch.save writes it: sizes and CRC in the central directory.
std::vector<std::byte> make_zip(const std::vector<ZipEntry>& entries);

}  // namespace ams
