#include "base/atomic_file.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <unistd.h>

#include "base/error.h"
#include "base/str.h"

namespace ams {

AtomicFile::AtomicFile(std::filesystem::path target)
    : target_(std::move(target)), path_(str(target_.string(), ".part", ::getpid())) {
  file_ = std::fopen(path_.c_str(), "wbx");
  if (file_ == nullptr && errno == EEXIST) {  // left by a process of the same number
    std::remove(path_.c_str());
    file_ = std::fopen(path_.c_str(), "wbx");
  }
  if (file_ == nullptr) {
    throw Error(ErrorCode::NotFound, str("file: cannot write ", path_, ": ", std::strerror(errno)));
  }
}

AtomicFile::~AtomicFile() {
  if (file_ != nullptr) std::fclose(file_);
  if (!committed_) std::remove(path_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  if (!bytes.empty() && std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) {
    throw_write();
  }
  written_ += bytes.size();
}

void AtomicFile::commit() {
  if (std::fflush(file_) != 0 || ::fsync(::fileno(file_)) != 0) throw_write();
  const int closed = std::fclose(file_);
  file_ = nullptr;
  if (closed != 0 || std::rename(path_.c_str(), target_.c_str()) != 0) throw_write();
  committed_ = true;
}

void AtomicFile::throw_write() const {
  throw Error(ErrorCode::Unsupported,
              str("file: cannot write ",
                  path_,
                  " behind ",
                  written_,
                  " bytes: ",
                  std::strerror(errno),
                  "; the disk may be full"));
}

}  // namespace ams
