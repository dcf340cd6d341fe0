// A file that appears under its name only when it is complete. Module-private.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>

namespace ams {

// Writes beside the target and renames at commit(); without commit() nothing is left behind.
// Confined to one thread.
class OutputFile {
 public:
  // Throws NotFound if the folder does not exist, InvalidRequest if it cannot be written.
  explicit OutputFile(const std::filesystem::path& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // 0 or the system's error number, which is also kept for require_written().
  int write(std::span<const uint8_t> bytes);
  int seek(int64_t position);
  int64_t position() const { return position_; }
  int64_t size() const { return size_; }
  // Throws Internal if a write has failed, naming the reason (disk full, quota, file size limit).
  void require_written() const;
  // Flushes to the disk and gives the file its name. Throws as require_written().
  void commit();

 private:
  struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::unique_ptr<std::FILE, FileCloser> file_;
  int64_t position_ = 0;
  int64_t size_ = 0;
  int error_ = 0;
};

}  // namespace ams
