// The API's own documents.
#include <string>
#include <utility>

#include "server/openapi.h"
#include "server/route.h"

namespace ams {
namespace {

constexpr const char* kPolicy =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'";

constexpr const char* kStylesheet = R"(
body { margin: 0; background: #0a0a0a; color: #d4d4d4; font: 14px/1.55 system-ui, sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 24px 20px 80px; }
h1, h2, h3 { color: #ffffff; font-weight: 600; letter-spacing: -0.01em; }
h1 { font-size: 24px; }
h2 { font-size: 18px; margin-top: 40px; padding-bottom: 6px; border-bottom: 1px solid #2a2a2a; }
h3 { font-size: 14px; margin: 28px 0 8px; }
code, pre { font: 12px/1.6 ui-monospace, monospace; color: #e5e5e5; }
pre { padding: 12px 14px; overflow-x: auto; background: #000000; border: 1px solid #1f1f1f; border-radius: 4px; }
table { display: block; overflow-x: auto; border-collapse: collapse; }
th, td { padding: 5px 14px 5px 0; text-align: left; vertical-align: top; border-bottom: 1px solid #1f1f1f; }
th { color: #a3a3a3; font: 500 11px/1.6 ui-monospace, monospace; text-transform: uppercase; }
ul { padding-left: 20px; }
)";

WebResponse document(std::string mime, std::string body) {
  return {.content_type = std::move(mime),
          .headers = {{"Cache-Control", "no-cache"}, {"Content-Security-Policy", kPolicy}},
          .body = std::move(body)};
}

WebResponse get_openapi(Services&, const Call&) {
  static const std::string kDocument = openapi_json().dump(2);
  return document("application/json", kDocument);
}

WebResponse get_docs(Services&, const Call&) {
  static const std::string kDocument = api_html();
  return document("text/html; charset=utf-8", kDocument);
}

WebResponse get_stylesheet(Services&, const Call&) {
  return document("text/css; charset=utf-8", kStylesheet);
}

}  // namespace

std::vector<Route> document_routes() {
  return {
      {.method = "GET",
       .path = "/openapi.json",
       .doc = "This API for programs, OpenAPI 3.1",
       .access = Access::Public,
       .answers = {{200, "", "application/json"}},
       .handle = get_openapi},
      {.method = "GET",
       .path = "/docs",
       .doc = "This API for people",
       .access = Access::Public,
       .answers = {{200, "", "text/html"}},
       .handle = get_docs},
      {.method = "GET",
       .path = "/docs.css",
       .doc = "How that page looks",
       .access = Access::Public,
       .answers = {{200, "", "text/css"}},
       .handle = get_stylesheet},
  };
}

}  // namespace ams
