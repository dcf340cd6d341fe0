#include "schema_check.h"

#include "base/str.h"

namespace ams {
namespace {

Json follow(const Json& schema, const Json& document) {
  if (!schema.contains("$ref")) return schema;
  const std::string name = schema.at("$ref").as_string();
  return document.at("components").at("schemas").at(name.substr(name.rfind('/') + 1));
}

bool has_type(const Json& value, const std::string& type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_bool();
  if (type == "integer") return value.is_int();
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "array") return value.is_array();
  return type == "object" && value.is_object();
}

// A fault if none of the alternatives fits.
std::string any_fault(const Json& value, const Json& list, const Json& document) {
  std::string faults;
  for (int64_t i = 0; i < list.size(); ++i) {
    const std::string fault = schema_fault(value, list.at(i), document);
    if (fault.empty()) return "";
    faults += str(" / ", fault);
  }
  return faults;
}

std::string object_fault(const Json& value, const Json& schema, const Json& document) {
  if (schema.contains("required")) {
    for (int64_t i = 0; i < schema.at("required").size(); ++i) {
      const std::string name = schema.at("required").at(i).as_string();
      if (!value.contains(name)) return str("member '", name, "' is missing");
    }
  }
  const Json properties = schema.contains("properties") ? schema.at("properties") : Json::object();
  for (const std::string& name : value.keys()) {
    if (!properties.contains(name)) {
      const bool is_closed = schema.get("additionalProperties", true) == false;
      if (is_closed) return str("member '", name, "' is not in the schema");
      continue;
    }
    const std::string fault = schema_fault(value.at(name), properties.at(name), document);
    if (!fault.empty()) return str(name, ": ", fault);
  }
  return "";
}

}  // namespace

std::string schema_fault(const Json& value, const Json& given, const Json& document) {
  const Json schema = follow(given, document);
  for (const char* name : {"anyOf", "oneOf"}) {
    if (schema.contains(name)) return any_fault(value, schema.at(name), document);
  }
  if (schema.contains("type") && !has_type(value, schema.at("type").as_string())) {
    return str(value.dump().substr(0, 60), " is no ", schema.at("type").as_string());
  }
  if (schema.contains("const") && !(value == schema.at("const"))) return "another constant";
  if (schema.contains("enum")) {
    for (int64_t i = 0; i < schema.at("enum").size(); ++i) {
      if (schema.at("enum").at(i) == value) return "";
    }
    return str(value.dump(), " is none of ", schema.at("enum").dump());
  }
  if (value.is_array() && schema.contains("items")) {
    for (int64_t i = 0; i < value.size(); ++i) {
      const std::string fault = schema_fault(value.at(i), schema.at("items"), document);
      if (!fault.empty()) return str("[", i, "]: ", fault);
    }
  }
  return value.is_object() ? object_fault(value, schema, document) : "";
}

}  // namespace ams
