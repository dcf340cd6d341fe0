// The uncompressed entries of a zip archive in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ams {

// Lists an archive when constructed and copies entries out on demand; their CRC is checked.
// Confined to one thread. The archive's bytes must outlive it.
class ZipReader {
 public:
  // Throws CorruptFile for a broken archive, duplicate or unsafe names and for entries that
  // together are larger than the archive; Unsupported for compressed or encrypted entries.
  ZipReader(std::span<const std::byte> archive, std::string what);
  ~ZipReader();
  ZipReader(const ZipReader&) = delete;
  ZipReader& operator=(const ZipReader&) = delete;

  // Name -> size in bytes.
  const std::map<std::string, size_t>& entries() const { return sizes_; }
  // Throws CorruptFile if there is no such entry, or if its bytes do not match size and CRC.
  std::vector<std::byte> read(const std::string& name) const;

 private:
  struct Handle;  // the zip library's archive

  std::string what_;
  std::unique_ptr<Handle> handle_;
  std::map<std::string, size_t> sizes_;
  std::map<std::string, uint64_t> positions_;
};

}  // namespace ams
