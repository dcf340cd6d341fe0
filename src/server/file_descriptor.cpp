#include "server/file_descriptor.h"

#include <utility>

#include <unistd.h>

namespace ams {

FileDescriptor::~FileDescriptor() {
  if (handle_ >= 0) close(handle_);
}

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept : handle_(other.release()) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this == &other) return *this;
  if (handle_ >= 0) close(handle_);
  handle_ = other.release();
  return *this;
}

int FileDescriptor::release() { return std::exchange(handle_, -1); }

}  // namespace ams
