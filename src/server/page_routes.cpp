#include "server/page_routes.h"

#include <algorithm>

#include "server/etag.h"
#include "server/page_files.h"

namespace ams {
namespace {

constexpr std::string_view kNoPage =
    "This studio was built without its page, because Node.js 20.19 or newer and npm were not "
    "there.\n"
    "Install them and run ./ams serve again. The API works: see /docs.\n";

}  // namespace

std::optional<WebResponse> page_response(const WebRequest& request) {
  const auto files = page_files();
  if (files.empty() && request.path == "/") {
    return WebResponse{.content_type = "text/plain; charset=utf-8", .body = kNoPage};
  }
  const auto file = std::find_if(
      files.begin(), files.end(), [&](const PageFile& each) { return each.path == request.path; });
  if (file == files.end()) return std::nullopt;
  WebResponse response{.content_type = std::string(file->mime)};
  response.headers = {
      {"ETag", std::string(file->etag)},
      {"Cache-Control", file->is_immutable ? "public, max-age=31536000, immutable" : "no-cache"},
      {"Content-Security-Policy", std::string(page_security_policy())}};
  if (matches_etag(request.header("if-none-match"), file->etag)) {
    response.status = 304;
    return response;
  }
  if (file->is_gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  response.body =
      std::string_view(reinterpret_cast<const char*>(file->content.data()), file->content.size());
  return response;
}

}  // namespace ams
