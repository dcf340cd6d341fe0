#include "server/openapi.h"

#include <string_view>

#include "api/schemas.h"
#include "base/build_info.h"
#include "base/str.h"
#include "server/route.h"

namespace ams {
namespace {

Json parameter_json(std::string_view place,
                    std::string_view name,
                    std::string_view type,
                    std::string_view doc,
                    bool is_required) {
  Json schema = Json::object();
  schema.set("type", type);
  Json parameter = Json::object();
  parameter.set("name", name);
  parameter.set("in", place);
  parameter.set("required", is_required);
  parameter.set("description", doc);
  parameter.set("schema", schema);
  return parameter;
}

Json parameters_json(const Route& route) {
  Json list = Json::array();
  for (size_t begin = route.path.find('{'); begin != std::string_view::npos;
       begin = route.path.find('{', begin + 1)) {
    const std::string_view name =
        route.path.substr(begin + 1, route.path.find('}', begin) - begin - 1);
    const std::string_view doc =
        name == "name" ? "a name of GET /api/v1/models" : "an id that the server gave";
    list.push_back(parameter_json("path", name, "string", doc, true));
  }
  if (route.access == Access::Session) {
    list.push_back(parameter_json("header",
                                  "X-AMS-Session",
                                  "string",
                                  "16 to 64 characters A-Z a-z 0-9 _ -, made by the client",
                                  true));
  }
  for (const RouteParameter& each : route.query) {
    list.push_back(parameter_json("query", each.name, each.type, each.doc, false));
  }
  return list;
}

Json content_json(std::string_view mime, const Json& schema) {
  Json media = Json::object();
  media.set("schema", schema);
  Json content = Json::object();
  content.set(mime, media);
  return content;
}

Json binary_schema() {
  Json schema = Json::object();
  schema.set("type", "string");
  schema.set("format", "binary");
  return schema;
}

Json body_json(const Route& route) {
  Json body = Json::object();
  if (route.body == BodyKind::Upload) {
    body.set("content", content_json("application/octet-stream", binary_schema()));
    body.set("required", true);
  } else {
    Json schema = Json::object();
    schema.set("type", "object");
    if (!route.body_schema.empty()) schema = schema_reference(route.body_schema);
    body.set("content", content_json("application/json", schema));
  }
  return body;
}

// Answers of equal status are alternatives of one entry.
Json answers_json(const Route& route) {
  Json answers = Json::object();
  for (const RouteAnswer& each : route.answers) {
    const std::string status = str(each.status);
    Json answer = answers.contains(status) ? answers.at(status) : Json::object();
    Json content = answer.contains("content") ? answer.at("content") : Json::object();
    const Json schema = each.schema.empty() ? binary_schema() : schema_reference(each.schema);
    content.set(each.mime, content_json(each.mime, schema).at(each.mime));
    answer.set("description", each.schema.empty() ? each.mime : each.schema);
    answer.set("content", content);
    answers.set(status, answer);
  }
  Json problem = Json::object();
  problem.set("description", "Problem");
  problem.set("content", content_json("application/json", schema_reference("Problem")));
  answers.set("default", problem);
  return answers;
}

std::string operation_id(const Route& route) {
  std::string id = route.method == "GET" ? "get" : route.method == "POST" ? "post" : "delete";
  for (const char c : route.path) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_letter || (c == '/' && id.back() != '_')) id += is_letter ? c : '_';
  }
  return id;
}

Json operation_json(const Route& route) {
  Json operation = Json::object();
  operation.set("operationId", operation_id(route));
  operation.set("summary", route.doc);
  operation.set("parameters", parameters_json(route));
  if (route.body != BodyKind::None) operation.set("requestBody", body_json(route));
  operation.set("responses", answers_json(route));
  if (route.access == Access::Public) operation.set("security", Json::array());
  return operation;
}

std::string lower_method(std::string_view method) {
  return method == "GET" ? "get" : method == "POST" ? "post" : "delete";
}

}  // namespace

Json openapi_json() {
  Json info = Json::object();
  info.set("title", "ACE Music Studio");
  info.set("version", version());
  info.set("description", "Songs from text and audio; see /docs.");
  Json paths = Json::object();
  for (const Route& route : routes()) {
    Json path = paths.contains(route.path) ? paths.at(route.path) : Json::object();
    path.set(lower_method(route.method), operation_json(route));
    paths.set(route.path, path);
  }
  Json bearer = Json::object();
  bearer.set("type", "http");
  bearer.set("scheme", "bearer");
  Json schemes = Json::object();
  schemes.set("token", bearer);
  Json components = Json::object();
  components.set("schemas", schemas_json());
  components.set("securitySchemes", schemes);
  Json either = Json::array();  // an open server needs nothing
  either.push_back(Json::object());
  Json token = Json::object();
  token.set("token", Json::array());
  either.push_back(token);
  Json document = Json::object();
  document.set("openapi", "3.1.0");
  document.set("info", info);
  document.set("paths", paths);
  document.set("components", components);
  document.set("security", either);
  return document;
}

}  // namespace ams
