#include "audio/output_file.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include <unistd.h>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

OutputFile::OutputFile(const std::filesystem::path& path) : path_(path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    throw Error(
        ErrorCode::NotFound,
        str("audio: output folder '", folder.string(), "' does not exist; create it first"));
  }
  if (std::filesystem::is_directory(path, error) || !path.has_filename()) {
    throw Error(ErrorCode::InvalidRequest,
                str("audio: output '", path.string(), "' is a folder, expected a file name"));
  }
  // The process id keeps two programs apart, the address two writers of one program.
  temporary_ = folder / str(".", path.filename().string(), ".", getpid(), "-", this, ".part");
  file_.reset(std::fopen(temporary_.string().c_str(), "wbx"));
  if (!file_) {
    throw Error(
        ErrorCode::InvalidRequest,
        str("audio: output folder '", folder.string(), "' cannot be written: ", reason(errno)));
  }
}

OutputFile::~OutputFile() {
  if (!file_) return;
  file_.reset();
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);
}

int OutputFile::write(std::span<const uint8_t> bytes) {
  if (error_ != 0) return error_;
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) {
    error_ = errno != 0 ? errno : EIO;
    return error_;
  }
  position_ += static_cast<int64_t>(bytes.size());
  size_ = std::max(size_, position_);
  return 0;
}

int OutputFile::seek(int64_t position) {
  if (error_ != 0) return error_;
  if (fseeko(file_.get(), position, SEEK_SET) != 0) {
    error_ = errno != 0 ? errno : EIO;
    return error_;
  }
  position_ = position;
  return 0;
}

void OutputFile::require_written() const {
  if (error_ == 0) return;
  throw Error(ErrorCode::Internal,
              str("audio: output '",
                  path_.string(),
                  "' cannot be written: ",
                  reason(error_),
                  "; free space there or choose another folder"));
}

void OutputFile::commit() {
  if (error_ == 0 && std::fflush(file_.get()) != 0) error_ = errno;
  if (error_ == 0 && fsync(fileno(file_.get())) != 0) error_ = errno;
  require_written();
  std::error_code error;
  std::filesystem::rename(temporary_, path_, error);
  if (error) {
    error_ = error.value();
    require_written();
  }
  file_.reset();
}

}  // namespace ams
