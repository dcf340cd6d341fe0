// The table of routes: what the server answers, and what /openapi.json, /docs and docs/api.md say
// of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "server/services.h"
#include "server/web_message.h"

namespace ams {

// One request on its way to its handler: what every handler needs, already checked.
struct Call {
  const WebRequest& request;
  std::vector<std::string> ids;  // what stands for {…} in the path, in order
  std::string session;           // empty for routes without one
  Json body;                     // of routes that take JSON; an empty object if none was sent
};

enum class Access {
  Public,   // no token, no session
  Token,    // the token, where one is set
  Session,  // token and session
};

// What the request's body is.
enum class BodyKind { None, Json, Upload };

struct RouteParameter {
  std::string_view name;  // of the query
  std::string_view type;  // "string", "integer", "number"
  std::string_view doc;
};

struct RouteAnswer {
  int status;
  std::string_view schema;  // of JSON: a name of schemas_json(); empty: `mime` says what it is
  std::string_view mime = "application/json";
};

struct Route {
  std::string_view method;
  std::string_view path;  // "/api/v1/jobs/{id}"
  std::string_view doc;   // one line
  Access access = Access::Session;
  BodyKind body = BodyKind::None;
  std::string_view body_schema = {};  // of JSON bodies
  std::vector<RouteParameter> query = {};
  std::vector<RouteAnswer> answers = {};  // of success
  WebResponse (*handle)(Services&, const Call&) = nullptr;
};

// All routes but the files of the page, in the order of the documents. Immutable; thread-safe.
const std::vector<Route>& routes();

// The routes of each resource, put together by routes().
std::vector<Route> info_routes();
std::vector<Route> upload_routes();
std::vector<Route> job_routes();
std::vector<Route> result_routes();
std::vector<Route> file_routes();
std::vector<Route> audio_routes();
std::vector<Route> document_routes();

// The captured parts if `path` is one of the route's; else false.
bool match_path(std::string_view pattern, std::string_view path, std::vector<std::string>& ids);

WebResponse json_response(int status, const Json& body);

}  // namespace ams
