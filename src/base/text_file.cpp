#include "base/text_file.h"

#include <cerrno>
#include <fstream>
#include <system_error>

#include <unistd.h>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace

std::string read_text_file(const fs::path& path, size_t max_bytes) {
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!file || fs::is_directory(path, ignored)) {
    throw Error(ErrorCode::NotFound, str("file: cannot open '", path.string(), "'"));
  }
  // One byte more than allowed tells a file that is too large, whatever its size claims to be.
  std::string text(max_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (file.bad()) throw Error(ErrorCode::NotFound, str("file: cannot read '", path.string(), "'"));
  if (text.size() > max_bytes) {
    throw Error(
        ErrorCode::Unsupported,
        str("file: '", path.string(), "' is larger than the ", max_bytes, " bytes allowed"));
  }
  return text;
}

void write_text_file(const fs::path& path, std::string_view text) {
  require_writable(path);
  const fs::path temporary =
      folder_of(path) / str(".", path.filename().string(), ".", getpid(), ".part");
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  std::error_code error;
  if (file) fs::rename(temporary, path, error);
  if (!file || error) {
    const std::string reason = error ? error.message() : std::generic_category().message(errno);
    fs::remove(temporary, error);
    throw Error(ErrorCode::Internal,
                str("file: cannot write '", path.string(), "': ", reason, "; is the disk full?"));
  }
}

void require_writable(const fs::path& path) {
  std::error_code ignored;
  const fs::path folder = folder_of(path);
  if (!fs::is_directory(folder, ignored)) {
    throw Error(ErrorCode::NotFound,
                str("file: folder '", folder.string(), "' does not exist; create it first"));
  }
  if (!path.has_filename() || fs::is_directory(path, ignored)) {
    throw Error(ErrorCode::InvalidRequest,
                str("file: '", path.string(), "' is a folder, expected a file name"));
  }
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    throw Error(ErrorCode::InvalidRequest,
                str("file: folder '",
                    folder.string(),
                    "' cannot be written: ",
                    std::generic_category().message(errno)));
  }
}

}  // namespace ams
