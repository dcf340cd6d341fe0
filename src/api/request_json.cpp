#include "api/request_json.h"

#include <array>
#include <string_view>

#include "base/error.h"
#include "base/fields.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr const char* kLoras = "loras";

// The request's own rows and the one that selects its struct.
Fields body_fields(SongRequest& request, std::string& mode) {
  Fields rows = fields(request);
  rows.push_back({.name = "mode", .member = &mode, .choices = song_modes(), .help = "Kind of job"});
  return rows;
}

// The member of `body` as a text; `fallback` if it is absent.
std::string text_member(const Json& body, std::string_view key, const char* fallback) {
  if (!body.is_object()) {
    throw Error(ErrorCode::InvalidRequest, "request: expected a JSON object");
  }
  if (!body.contains(key) || body.at(key).is_null()) return fallback;
  if (!body.at(key).is_string()) {
    throw Error(ErrorCode::InvalidRequest, str("request: '", key, "' is no text"));
  }
  return body.at(key).as_string();
}

LoraChoice read_lora(const Json& entry, std::vector<std::string>& warnings) {
  LoraChoice choice;
  std::string path;
  std::string id;
  read_json({{.name = "name", .member = &choice.name, .help = "A preset, or a path"},
             {.name = "path", .member = &path, .help = "Folder or file of the adapter"},
             {.name = "id", .member = &id, .help = "Of the HTTP API: a preset or an upload"},
             {.name = "strength", .member = &choice.strength, .help = "0 to 1.5"},
             {.name = "scale", .member = &choice.strength, .help = "Of the HTTP API: 0 to 1.5"}},
            entry,
            warnings);
  if (choice.name.empty()) choice.name = path.empty() ? id : path;
  return choice;
}

std::vector<LoraChoice> read_loras(const Json& list, std::vector<std::string>& warnings) {
  if (!list.is_array()) {
    throw Error(ErrorCode::InvalidRequest,
                "request: 'loras' expected a list of {\"name\", \"strength\"}");
  }
  std::vector<LoraChoice> loras;
  for (int64_t i = 0; i < list.size(); ++i) loras.push_back(read_lora(list.at(i), warnings));
  return loras;
}

Json loras_json(const std::vector<LoraChoice>& loras) {
  Json list = Json::array();
  for (const LoraChoice& lora : loras) {
    Json entry = Json::object();
    entry.set("name", lora.name);
    entry.set("strength", lora.strength ? Json(*lora.strength) : Json(nullptr));
    list.push_back(entry);
  }
  return list;
}

// Values of the first studio that mean the same as ours (studio.md D-06).
struct OldValue {
  std::string_view field;
  std::string_view old_value;
  std::string_view value;
};
constexpr std::array<OldValue, 3> kOldValues{{{"repaint_mode", "left", "balanced"},
                                              {"repaint_mode", "right", "balanced"},
                                              {"chunk_mask_mode", "manual", "explicit"}}};

Json translate_old(const std::string& name, const Json& value, std::vector<std::string>& warnings) {
  if (!value.is_string()) return value;
  for (const OldValue& old : kOldValues) {
    if (name != old.field || value.as_string() != old.old_value) continue;
    warnings.push_back(str("'", name, "' was '", old.old_value, "' and became '", old.value, "'"));
    return old.value;
  }
  return value;
}

// The request that a song's metadata holds.
Json request_in(const Json& metadata) {
  if (metadata.contains("request")) return metadata.at("request");
  throw Error(ErrorCode::InvalidRequest,
              "request: this metadata document does not hold the request of its song");
}

}  // namespace

SongRequest parse_song_request(const Json& body, std::vector<std::string>& warnings) {
  if (text_member(body, "schema", "") == "ams.meta/1") {
    const Json inner = request_in(body);
    // A document inside a document would only be made to keep us busy.
    if (inner.is_object() && !inner.contains("schema")) return parse_song_request(inner, warnings);
    throw Error(ErrorCode::InvalidRequest, "request: the metadata's 'request' is no request");
  }
  std::string mode = text_member(body, "mode", "generate");
  SongRequest request = make_song_request(mode);
  Json members = Json::object();
  body.for_each_member([&](const std::string& name, const Json& value) {
    if (name != kLoras) members.set(name, translate_old(name, value, warnings));
  });
  read_json(body_fields(request, mode), members, warnings);
  if (body.contains(kLoras) && !body.at(kLoras).is_null()) {
    controls_of(request).loras = read_loras(body.at(kLoras), warnings);
  }
  validate(request);
  return request;
}

Json song_request_json(const SongRequest& request) {
  SongRequest copy = request;
  std::string mode(mode_of(request));
  Json body = write_json(body_fields(copy, mode));
  body.set(kLoras, loras_json(controls_of(request).loras));
  return body;
}

}  // namespace ams
