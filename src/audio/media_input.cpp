#include "audio/media_input.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/str.h"

extern "C" {
#include <libavutil/mem.h>
}

namespace ams {
namespace {

constexpr int kIoBufferBytes = 1 << 16;

}  // namespace

MediaInput::MediaInput(std::span<const std::byte> bytes, std::string name)
    : name_(std::move(name)), bytes_(bytes), size_(static_cast<int64_t>(bytes.size())) {
  open_io();
}

MediaInput::MediaInput(const std::filesystem::path& path) : name_(path.filename().string()) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    throw Error(ErrorCode::NotFound,
                str("audio: '", path.string(), "' does not exist or is not a regular file"));
  }
  file_.reset(std::fopen(path.string().c_str(), "rb"));
  if (!file_) {
    throw Error(ErrorCode::NotFound, str("audio: '", path.string(), "' cannot be opened to read"));
  }
  size_ = static_cast<int64_t>(std::filesystem::file_size(path, error));
  open_io();
}

void MediaInput::open_io() {
  auto* buffer = static_cast<uint8_t*>(av_malloc(kIoBufferBytes));
  if (buffer == nullptr) throw Error(ErrorCode::OutOfMemory, "audio: no memory for reading");
  io_.reset(avio_alloc_context(
      buffer, kIoBufferBytes, 0, this, &MediaInput::read_packet, nullptr, &MediaInput::seek));
  if (!io_) {
    av_free(buffer);
    throw Error(ErrorCode::OutOfMemory, "audio: no memory for reading");
  }
}

int64_t MediaInput::read_at(int64_t offset, std::span<uint8_t> target) const {
  if (offset < 0 || offset >= size_) return 0;
  const auto count = std::min(target.size(), static_cast<size_t>(size_ - offset));
  if (!file_) {
    std::memcpy(target.data(), bytes_.data() + offset, count);
    return static_cast<int64_t>(count);
  }
  if (fseeko(file_.get(), offset, SEEK_SET) != 0) return 0;
  return static_cast<int64_t>(std::fread(target.data(), 1, count, file_.get()));
}

int MediaInput::read_packet(void* opaque, uint8_t* target, int count) {
  auto* self = static_cast<MediaInput*>(opaque);
  const int64_t got = self->read_at(self->position_, {target, static_cast<size_t>(count)});
  self->position_ += got;
  return got > 0 ? static_cast<int>(got) : AVERROR_EOF;
}

int64_t MediaInput::seek(void* opaque, int64_t offset, int whence) {
  auto* self = static_cast<MediaInput*>(opaque);
  if ((whence & AVSEEK_SIZE) != 0) return self->size_;
  int64_t base = 0;
  if ((whence & ~AVSEEK_FORCE) == SEEK_CUR) base = self->position_;
  if ((whence & ~AVSEEK_FORCE) == SEEK_END) base = self->size_;
  if (offset < -base || offset > INT64_MAX - base) return AVERROR(EINVAL);
  self->position_ = base + offset;
  return self->position_;
}

}  // namespace ams
