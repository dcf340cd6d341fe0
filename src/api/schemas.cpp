#include "api/schemas.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "api/wire_types.h"
#include "base/str.h"
#include "studio/jobs/job_event.h"
#include "studio/requests/lyrics_request.h"
#include "studio/requests/song_request.h"

namespace ams {
namespace {

Json typed(std::string_view type) {
  Json schema = Json::object();
  schema.set("type", type);
  return schema;
}

Json list_of(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const std::string& text : texts) list.push_back(text);
  return list;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Json nullable(const Json& schema) {
  Json either = Json::array();
  either.push_back(schema);
  either.push_back(typed("null"));
  Json object = Json::object();
  object.set("anyOf", either);
  return object;
}

// The schema of a type as WireMember writes it.
Json type_schema(std::string_view type) {
  if (type.ends_with('?')) return nullable(type_schema(type.substr(0, type.size() - 1)));
  if (type.front() == '[') {
    Json schema = typed("array");
    schema.set("items", type_schema(type.substr(1, type.size() - 2)));
    return schema;
  }
  if (type == "any") return Json::object();
  if (type.find('|') != std::string_view::npos) {
    Json schema = typed("string");
    schema.set("enum", list_of(split(type, '|')));
    return schema;
  }
  const bool is_object_name = type.front() >= 'A' && type.front() <= 'Z';
  return is_object_name ? schema_reference(type) : typed(type);
}

Json object_schema(std::string_view name) {
  Json properties = Json::object();
  std::vector<std::string> required;
  const bool is_request = name == "AudioGeneration" || name == "Retake" || name == "PostRequest";
  for (const WireMember& member : wire_members()) {
    if (member.object != name) continue;
    Json schema = type_schema(member.type);
    if (!member.doc.empty()) schema.set("description", member.doc);
    properties.set(member.name, schema);
    required.emplace_back(member.name);
  }
  Json schema = typed("object");
  schema.set("properties", properties);
  if (is_request) return schema;
  schema.set("required", list_of(required));
  schema.set("additionalProperties", false);
  return schema;
}

Json field_schema(const Field& field) {
  Json schema = Json::object();
  const auto set_range = [&](const char* min, const char* max) {
    const bool has_min = field.range.min > std::numeric_limits<double>::lowest();
    const bool has_max = field.range.max < std::numeric_limits<double>::max();
    if (has_min) schema.set(min, field.range.min);
    if (has_max) schema.set(max, field.range.max);
  };
  if (std::holds_alternative<bool*>(field.member)) {
    schema.set("type", "boolean");
  } else if (!field.choices.empty()) {
    schema.set("type", "string");
    schema.set("enum", list_of(field.choices));
  } else if (std::holds_alternative<std::string*>(field.member)) {
    schema.set("type", "string");
    set_range("minLength", "maxLength");
  } else {
    const bool is_real = std::holds_alternative<double*>(field.member) ||
                         std::holds_alternative<std::optional<double>*>(field.member);
    schema.set("type", is_real ? "number" : "integer");
    set_range("minimum", "maximum");
  }
  schema.set("description", field.help);
  const std::string value = describe_value(field);
  if (!value.empty()) schema.set("x-default", value);
  if (!field.when_absent.empty()) schema.set("x-when-absent", field.when_absent);
  return schema;
}

Json lora_choices_schema() {
  Json properties = Json::object();
  properties.set("id", typed("string"));
  properties.set("scale", nullable(typed("number")));
  Json item = typed("object");
  item.set("properties", properties);
  item.set("required", list_of({"id"}));
  Json list = typed("array");
  list.set("items", item);
  list.set("maxItems", 16);
  return list;
}

Json request_schema(const Fields& rows, std::string_view mode, bool has_loras) {
  Json schema = fields_schema(rows);
  Json properties = schema.at("properties");
  Json name = typed("string");
  name.set("const", mode);
  properties.set("mode", name);
  if (has_loras) properties.set("loras", lora_choices_schema());
  schema.set("properties", properties);
  schema.set("required", list_of({"mode"}));
  return schema;
}

std::string request_name(std::string_view mode) {
  std::string name(mode);
  name.front() = static_cast<char>(name.front() - 'a' + 'A');
  return name + "Request";
}

// One of the events; `kind` says which.
Json event_schema() {
  std::vector<std::string> kinds = {
      "queued", "plan", "text", "warning", "done", "error", "cancelled", "heartbeat"};
  for (const WireMember& member : wire_members()) {
    if (member.object != "Progress" || member.name != "kind") continue;
    for (const std::string& stage : split(member.type, '|')) kinds.push_back(stage);
  }
  Json kind = typed("string");
  kind.set("enum", list_of(kinds));
  Json properties = Json::object();
  properties.set("id", typed("integer"));
  properties.set("kind", kind);
  for (const WireMember& member : wire_members()) {
    const bool is_carried =
        member.object == "QueuePlace" || (member.object == "Progress" && member.name != "kind");
    if (is_carried) properties.set(member.name, type_schema(member.type));
  }
  properties.set("plan", schema_reference("Plan"));
  properties.set("problem", schema_reference("Problem"));
  properties.set("text", typed("string"));
  properties.set("tokens", typed("integer"));
  properties.set("result_id", type_schema("string?"));
  Json schema = typed("object");
  schema.set("properties", properties);
  schema.set("required", list_of({"id", "kind"}));
  schema.set("additionalProperties", false);
  return schema;
}

}  // namespace

Json schema_reference(std::string_view name) {
  Json reference = Json::object();
  reference.set("$ref", str("#/components/schemas/", name));
  return reference;
}

Json fields_schema(const Fields& fields) {
  Json properties = Json::object();
  for (const Field& field : fields) {
    if (field.group.empty()) {
      properties.set(field.name, nullable(field_schema(field)));
      continue;
    }
    Json group = properties.contains(field.group) ? properties.at(field.group) : typed("object");
    Json members = group.contains("properties") ? group.at("properties") : Json::object();
    members.set(field.name, nullable(field_schema(field)));
    group.set("properties", members);
    properties.set(field.group, group);
  }
  Json schema = typed("object");
  schema.set("properties", properties);
  return schema;
}

Json schemas_json() {
  Json schemas = Json::object();
  for (const std::string_view name : wire_objects()) schemas.set(name, object_schema(name));
  schemas.set("JobEvent", event_schema());
  Json any_request = Json::array();
  for (const std::string& mode : song_modes()) {
    SongRequest request = make_song_request(mode);
    schemas.set(request_name(mode), request_schema(fields(request), mode, true));
    any_request.push_back(schema_reference(request_name(mode)));
  }
  LyricsRequest lyrics;
  schemas.set("LyricsRequest", request_schema(fields(lyrics), "lyrics", false));
  any_request.push_back(schema_reference("LyricsRequest"));
  Json request = Json::object();
  request.set("oneOf", any_request);
  schemas.set("JobRequest", request);
  return schemas;
}

}  // namespace ams
