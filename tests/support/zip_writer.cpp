#include "support/zip_writer.h"

namespace ams {
namespace {

uint32_t crc32(const std::string& bytes) {
  uint32_t crc = 0xFFFFFFFFu;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
  }
  return ~crc;
}

void put(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFFu);
}

// The fields that local headers and the central directory share.
void put_fields(std::string& out, const ZipEntry& entry) {
  const auto size = static_cast<uint32_t>(entry.bytes.size()) + entry.extra_size;
  put(out, 0, 2);  // flags
  put(out, entry.method, 2);
  put(out, 0, 4);  // time and date
  put(out, crc32(entry.bytes) ^ (entry.damage_crc ? 1u : 0u), 4);
  put(out, size, 4);
  put(out, size, 4);
  put(out, entry.name.size(), 2);
  put(out, 0, 2);  // extra fields
}

}  // namespace

std::vector<std::byte> make_zip(const std::vector<ZipEntry>& entries) {
  std::string out;
  std::string directory;
  for (const ZipEntry& entry : entries) {
    const size_t offset = out.size();
    put(out, 0x04034b50, 4);
    put(out, 20, 2);
    put_fields(out, entry);
    out += entry.name + entry.bytes;
    put(directory, 0x02014b50, 4);
    put(directory, 20, 2);
    put(directory, 20, 2);
    put_fields(directory, entry);
    put(directory, 0, 2);  // comment
    put(directory, 0, 2);  // disk
    put(directory, 0, 2);  // internal attributes
    put(directory, 0, 4);  // external attributes
    put(directory, offset, 4);
    directory += entry.name;
  }
  const size_t start = out.size();
  out += directory;
  put(out, 0x06054b50, 4);
  put(out, 0, 4);  // disks
  put(out, entries.size(), 2);
  put(out, entries.size(), 2);
  put(out, directory.size(), 4);
  put(out, start, 4);
  put(out, 0, 2);  // comment
  std::vector<std::byte> bytes(out.size());
  for (size_t i = 0; i < out.size(); ++i) bytes[i] = static_cast<std::byte>(out[i]);
  return bytes;
}

}  // namespace ams
