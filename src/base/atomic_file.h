// Large files that appear whole under their name or not at all.
#pragma once

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>

namespace ams {

// A file beside its target that disappears unless it is committed. Confined to one thread.
class AtomicFile {
 public:
  // Throws NotFound if no file can be made beside `target`.
  explicit AtomicFile(std::filesystem::path target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Throws Unsupported if the disk is full.
  void write(std::span<const std::byte> bytes);
  size_t written() const { return written_; }
  // Gives the file its name; the bytes reach the disk before it. Throws as write().
  void commit();

 private:
  [[noreturn]] void throw_write() const;

  std::filesystem::path target_;
  std::string path_;
  std::FILE* file_ = nullptr;
  size_t written_ = 0;
  bool committed_ = false;
};

}  // namespace ams
