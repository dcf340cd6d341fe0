#include "server/router.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "server/page_routes.h"
#include "server/problem_response.h"

namespace ams {
namespace {

constexpr size_t kMaxJsonBytes = size_t{256} << 10;
constexpr std::string_view kSessionHeader = "x-ams-session";

bool changes_state(const WebRequest& request) {
  return request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS";
}

bool is_session(std::string_view id) {
  const auto is_allowed = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return id.size() >= 16 && id.size() <= 64 && std::all_of(id.begin(), id.end(), is_allowed);
}

WebResponse refuse(int status, std::string code, std::string title, std::string message) {
  return problem_response(
      status, {.code = std::move(code), .title = std::move(title), .message = std::move(message)});
}

// What the rules on Host and Origin refuse.
std::optional<WebResponse> check_origin(const WebRequest& request, const AccessRules& rules) {
  const std::string_view host = request.header("host");
  if (!is_own_host(host, rules)) {
    return refuse(421,
                  "forbidden",
                  "This is not the studio's name",
                  "The request asks for another host. Use the machine's address, or list the name "
                  "in AMS_ALLOWED_HOSTS.");
  }
  if (!changes_state(request) && rules.is_loopback) return std::nullopt;
  if (is_known_origin(request.header("origin"), host, rules)) return std::nullopt;
  return refuse(403,
                "forbidden",
                "Another page may not do this",
                "The request comes from a page of another origin. Its operator can allow one with "
                "AMS_CORS_ORIGIN.");
}

std::optional<WebResponse> check_token(const WebRequest& request, const AccessRules& rules) {
  if (rules.token.empty() || has_token(request.header("authorization"), rules.token)) {
    return std::nullopt;
  }
  WebResponse response = refuse(401,
                                "unauthorised",
                                "This studio is locked",
                                "Its operator set an access token. Send it as a bearer token.");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

// Reads and parses the body. Empty bodies are empty objects. A response in case of failure.
std::optional<WebResponse> read_json_body(const WebRequest& request, Json& body) {
  const auto too_large = [] {
    return refuse(413,
                  "too_large",
                  "The request is too large",
                  str("A JSON body may have at most ", kMaxJsonBytes >> 10, " KiB."));
  };
  if (request.content_length.value_or(0) > static_cast<int64_t>(kMaxJsonBytes)) return too_large();
  std::string text;
  bool is_too_large = false;
  const bool is_whole = request.body.read([&](std::string_view piece) {
    is_too_large = text.size() + piece.size() > kMaxJsonBytes;
    if (!is_too_large) text += piece;
    return !is_too_large;
  });
  if (is_too_large) return too_large();
  if (!is_whole) {
    return refuse(400, "invalid_request", "The body is not whole", "It ended before its length.");
  }
  body = Json::object();
  if (text.empty()) return std::nullopt;
  try {
    body = Json::parse(text, "body");
  } catch (const Error& error) {
    return refuse(400, "invalid_request", "The body is not JSON", error.what());
  }
  if (body.is_object()) return std::nullopt;
  return refuse(400, "invalid_request", "The body is not an object", "A JSON object is expected.");
}

WebResponse preflight() {
  WebResponse response{.status = 204};
  response.headers = {
      {"Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS"},
      {"Access-Control-Allow-Headers", "authorization, content-type, last-event-id, x-ams-session"},
      {"Access-Control-Max-Age", "600"}};
  response.headers.emplace_back("Allow", "GET, HEAD, POST, DELETE, OPTIONS");
  return response;
}

// A path that other methods have: 405 with the list of them.
WebResponse not_found(const WebRequest& request) {
  std::set<std::string> allowed;
  std::vector<std::string> ids;
  for (const Route& route : routes()) {
    if (match_path(route.path, request.path, ids)) allowed.emplace(route.method);
  }
  if (allowed.empty()) {
    return refuse(404,
                  "not_found",
                  "There is nothing here",
                  "The address is unknown; /docs lists what there is.");
  }
  std::string list;
  for (const std::string& method : allowed) list += str(list.empty() ? "" : ", ", method);
  WebResponse response = refuse(
      405, "invalid_request", "The method does not fit", str("This address takes ", list, "."));
  response.headers.emplace_back("Allow", list);
  return response;
}

void add_common_headers(const WebRequest& request,
                        const AccessRules& rules,
                        WebResponse& response) {
  const auto add = [&](const char* name, const std::string& value) {
    response.headers.emplace_back(name, value);
  };
  add("X-Content-Type-Options", "nosniff");
  add("Referrer-Policy", "no-referrer");
  const std::string origin(request.header("origin"));
  const bool is_shared = !rules.cors_origin.empty() && !origin.empty() &&
                         (rules.cors_origin == "*" || rules.cors_origin == origin);
  add("Cross-Origin-Resource-Policy", is_shared ? "cross-origin" : "same-origin");
  if (!rules.cors_origin.empty()) add("Vary", "Origin");
  if (is_shared) add("Access-Control-Allow-Origin", origin);
}

}  // namespace

WebResponse Router::answer(const WebRequest& request) {
  WebResponse response;
  try {
    response = dispatch(request);
  } catch (...) {
    response = current_problem_response();
  }
  add_common_headers(request, services_.access, response);
  log(LogLevel::Debug, "server", str(request.method, " ", request.path, " ", response.status));
  return response;
}

WebResponse Router::dispatch(const WebRequest& request) {
  if (auto refused = check_origin(request, services_.access)) return *refused;
  if (request.method == "OPTIONS") return preflight();
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  if (method == "GET") {
    if (auto page = page_response(request)) return *page;
  }
  std::vector<std::string> ids;
  for (const Route& route : routes()) {
    if (route.method == method && match_path(route.path, request.path, ids)) {
      return call(route, request, std::move(ids));
    }
  }
  return not_found(request);
}

WebResponse Router::call(const Route& route,
                         const WebRequest& request,
                         std::vector<std::string> ids) {
  Call call{request, std::move(ids), "", {}};
  if (route.access != Access::Public) {
    if (auto refused = check_token(request, services_.access)) return *refused;
  }
  if (route.access == Access::Session) {
    // Browsers cannot send a header with an event stream of their own.
    const std::string_view header = request.header(std::string(kSessionHeader));
    call.session = header.empty() ? request.parameter("session") : header;
    if (!is_session(call.session)) {
      return refuse(400,
                    "invalid_request",
                    "The session is missing",
                    "Send the header X-AMS-Session with a random id of 16 to 64 characters from "
                    "A-Z, a-z, 0-9, _ and -.");
    }
  }
  if (route.body == BodyKind::Json) {
    if (auto refused = read_json_body(request, call.body)) return *refused;
  }
  return route.handle(services_, call);
}

}  // namespace ams
