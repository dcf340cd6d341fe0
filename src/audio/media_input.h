// Bytes of one media file, from memory or disk, and what container they hold. Module-private.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "audio/ffmpeg.h"

namespace ams {

// The only way by which FFmpeg reads: no protocols, no second file. Confined to one thread.
class MediaInput {
 public:
  // `bytes` must outlive the object; `name` is for messages.
  MediaInput(std::span<const std::byte> bytes, std::string name);
  // Throws NotFound if `path` is not a readable regular file.
  explicit MediaInput(const std::filesystem::path& path);
  MediaInput(const MediaInput&) = delete;
  MediaInput& operator=(const MediaInput&) = delete;

  const std::string& name() const { return name_; }
  int64_t size() const { return size_; }
  // Copies up to `target.size()` bytes from `offset`; returns how many the file has there.
  int64_t read_at(int64_t offset, std::span<uint8_t> target) const;
  AVIOContext* io() { return io_.get(); }

 private:
  struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  static int read_packet(void* opaque, uint8_t* target, int count);
  static int64_t seek(void* opaque, int64_t offset, int whence);
  void open_io();

  std::string name_;
  std::span<const std::byte> bytes_;
  std::unique_ptr<std::FILE, FileCloser> file_;
  int64_t size_ = 0;
  int64_t position_ = 0;
  AvIo io_;
};

// What the first bytes say. `demuxer` is FFmpeg's name for an allowed container, empty otherwise.
struct Container {
  std::string demuxer;
  std::string label;  // for people: "MP3", "PNG image", "unknown data"
};

// Judges by content, never by name. Does not throw.
Container sniff_container(const MediaInput& input);

// Throws CorruptFile if the container itself says that its end is missing (RIFF data, Ogg pages).
void require_complete_container(const MediaInput& input, const Container& container);

}  // namespace ams
