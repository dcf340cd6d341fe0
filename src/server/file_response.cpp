#include "server/file_response.h"

#include <algorithm>

#include "base/error.h"
#include "base/str.h"
#include "server/byte_range.h"
#include "server/etag.h"
#include "server/problem_response.h"

namespace ams {
namespace {

WebResponse not_satisfiable(int64_t size) {
  WebResponse response = problem_response(416,
                                          {.code = "invalid_request",
                                           .title = "Nothing of the file lies in that range",
                                           .message = str("The file has ", size, " bytes.")});
  response.headers.emplace_back("Content-Range", str("bytes */", size));
  return response;
}

}  // namespace

std::string safe_file_name(std::string_view name) {
  constexpr size_t kMaxCharacters = 80;
  std::string safe;
  for (const char c : name.substr(0, kMaxCharacters)) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                          (c == '.' && !safe.empty());
    safe += is_plain ? c : '_';
  }
  return safe.empty() ? "audio" : safe;
}

WebResponse file_response(const WebRequest& request, const StoredFile& file) {
  const auto stream = std::make_shared<std::ifstream>(file.path, std::ios::binary);
  if (!stream->is_open()) {
    throw Error(ErrorCode::Gone, "files: the file was cleaned up; make the song again");
  }
  const std::string etag = str('"', file.etag, '"');
  WebResponse response{.content_type = file.mime};
  response.headers = {{"Accept-Ranges", "bytes"},
                      {"ETag", etag},
                      {"Cache-Control", "private, max-age=3600"},
                      {"Content-Security-Policy", "default-src 'none'; sandbox"}};
  if (request.parameter("download") == "1") {
    response.headers.emplace_back("Content-Disposition",
                                  str("attachment; filename=\"", safe_file_name(file.name), '"'));
  }
  if (matches_etag(request.header("if-none-match"), etag)) {
    response.status = 304;
    return response;
  }
  const std::string_view condition = request.header("if-range");
  const bool takes_range = condition.empty() || condition == etag;
  const ByteRange range =
      takes_range ? parse_range(request.header("x-range"), file.bytes) : ByteRange{};
  if (range.kind == RangeKind::Unsatisfied) return not_satisfiable(file.bytes);
  FileBody body{stream, 0, file.bytes};
  if (range.kind == RangeKind::Part) {
    response.status = 206;
    body.offset = range.offset;
    body.length = range.length;
    response.headers.emplace_back(
        "Content-Range",
        str("bytes ", range.offset, "-", range.offset + range.length - 1, "/", file.bytes));
  }
  response.body = body;
  return response;
}

}  // namespace ams
