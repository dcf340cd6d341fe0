#include "server/upload_stream.h"

#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

bool is_multipart(const WebRequest& request) {
  return request.header("content-type").starts_with("multipart/form-data");
}

// Writes pieces up to the limit and remembers why it stopped.
class LimitedFile {
 public:
  LimitedFile(const std::filesystem::path& path, int64_t max_bytes)
      : out_(path, std::ios::binary | std::ios::trunc), max_bytes_(max_bytes) {}

  bool write(std::string_view piece) {
    bytes_ += static_cast<int64_t>(piece.size());
    if (bytes_ > max_bytes_) return false;
    out_.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    return out_.good();
  }

  // Throws what went wrong; `is_whole`: the body was read to its end.
  void finish(bool is_whole) {
    if (bytes_ > max_bytes_) {
      throw Error(ErrorCode::TooLarge,
                  str("upload: the file has more than the ",
                      max_bytes_ >> 20,
                      " MiB that are accepted; cut it or use a compressed format"));
    }
    if (out_.good()) out_.close();
    if (!out_.good()) {
      throw Error(ErrorCode::Internal,
                  str("upload: the data folder takes no more bytes (",
                      std::generic_category().message(errno),
                      "); is the disk full?"));
    }
    if (is_whole && bytes_ > 0) return;
    throw Error(ErrorCode::InvalidRequest,
                is_whole ? "upload: the file is empty; pick another one"
                         : "upload: the body ended before its length");
  }

 private:
  std::ofstream out_;
  int64_t max_bytes_;
  int64_t bytes_ = 0;
};

// The first part called "file"; others are read over.
std::string receive_part(const WebRequest& request, LimitedFile& file) {
  std::string name;
  bool is_file = false;
  bool was_found = false;
  const bool is_whole = request.body.read_parts(
      [&](const PartHead& part) {
        is_file = part.name == "file" && !was_found;
        if (is_file) {
          was_found = true;
          name = part.file_name;
        }
        return true;
      },
      [&](std::string_view piece) { return !is_file || file.write(piece); });
  if (is_whole && !was_found) {
    throw Error(ErrorCode::InvalidRequest, "upload: the form has no part called 'file'");
  }
  file.finish(is_whole);
  return name;
}

}  // namespace

ReceivedFile receive_upload(Studio& studio,
                            const std::string& session,
                            UploadRole role,
                            const WebRequest& request) {
  ReceivedFile received{studio.begin_upload(session, role, request.content_length), ""};
  LimitedFile file(received.file.path(), upload_limits(role).max_bytes);
  if (is_multipart(request)) {
    received.name = receive_part(request, file);
  } else {
    file.finish(request.body.read([&](std::string_view piece) { return file.write(piece); }));
  }
  return received;
}

}  // namespace ams
