// Owns an operating system handle: a socket or the end of a pipe.
#pragma once

namespace ams {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int handle) : handle_(handle) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int get() const { return handle_; }  // -1: none
  int release();                       // the caller closes it

 private:
  int handle_ = -1;
};

}  // namespace ams
