// A file's bytes without reading them first: a read-only memory map.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace ams {

// Owns the map of a whole regular file. Move-only; reading is thread-safe. The size is taken once,
// when the file is opened: a file that another program cuts short meanwhile ends this process
// (SIGBUS), so files under way are written elsewhere and renamed into place.
class MappedFile {
 public:
  // How the bytes will be used; a hint that costs nothing if it is wrong.
  enum class Advice { Sequential, Random, WillNeed, DontNeed };

  // Throws NotFound if the file cannot be opened, Unsupported if it is not a regular file,
  // OutOfMemory if there is no address space for it. An empty file has no bytes and is allowed.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  // `length` bytes from `offset`. Throws CorruptFile, naming the file, if they reach past its end.
  std::span<const std::byte> range(size_t offset, size_t length) const;
  // Tells the kernel how the pages that overlap the range will be used. The part of the range
  // outside the file is ignored. DontNeed gives the pages back; they are read again when touched.
  void advise(Advice advice, size_t offset, size_t length) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::span<const std::byte> bytes_;
};

// Takes the whole pages inside `bytes`, a part of a mapped file, out of this process's memory; they
// are read again when touched. A hint, as MappedFile::advise().
void give_back_pages(std::span<const std::byte> bytes);

}  // namespace ams
