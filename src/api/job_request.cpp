#include "api/job_request.h"

#include <algorithm>
#include <string_view>

#include "api/lyrics_json.h"
#include "api/request_json.h"
#include "base/error.h"
#include "base/fields.h"
#include "base/str.h"
#include "studio/jobs/problem.h"

namespace ams {
namespace {

// "advanced.bpm" of "request: 'advanced.bpm' is 7, expected …": all messages about fields begin so.
std::string field_in(std::string_view message) {
  constexpr std::string_view kStart = "request: '";
  if (message.substr(0, kStart.size()) != kStart) return "";
  const std::string_view rest = message.substr(kStart.size());
  return std::string(rest.substr(0, rest.find('\'')));
}

// Sentences of the rows start small after "request: "; people see them without that prefix.
std::string sentence(std::string_view message) {
  constexpr std::string_view kPrefix = "request: ";
  const bool has_prefix = message.substr(0, kPrefix.size()) == kPrefix;
  return str(has_prefix ? message.substr(kPrefix.size()) : message, ".");
}

ProblemError field_problem(const Error& error, const Fields& rows) {
  const std::string_view message = error.what();
  const std::string path = field_in(message);
  const auto row = std::find_if(
      rows.begin(), rows.end(), [&](const Field& each) { return field_path(each) == path; });
  const bool is_known = row != rows.end();
  const std::string label = is_known && !row->label.empty() ? row->label : path;
  const bool is_missing = message.find("is missing") != std::string_view::npos;
  Problem problem;
  problem.code = error_code_info(error.code()).name;
  problem.field = path;
  problem.title = path.empty() ? "The request is not valid"
                  : is_missing ? str(label, " is missing")
                               : str(label, " is not valid");
  problem.message =
      is_missing && is_known && !row->missing.empty() ? row->missing : sentence(message);
  return {error.code(), problem};
}

// On this machine's command line a model may be a folder; from outside it is a name.
void require_names_only(const SongControls& controls) {
  const auto is_path = [](const std::string& name) {
    return name.find('/') != std::string::npos || name.find('\\') != std::string::npos;
  };
  if (is_path(controls.model)) {
    throw Error(ErrorCode::InvalidRequest,
                "request: 'model' is a path, expected a name that GET /models lists");
  }
  for (const LoraChoice& lora : controls.loras) {
    if (!is_path(lora.name)) continue;
    throw Error(ErrorCode::InvalidRequest,
                "request: 'loras' names a path, expected ids that GET /loras lists");
  }
}

LyricsRequest parse_lyrics(const Json& body, std::vector<std::string>& warnings) {
  try {
    LyricsRequest request = parse_lyrics_request(body, warnings);
    SongControls names;
    names.model = request.model;
    require_names_only(names);
    return request;
  } catch (const Error& error) {
    LyricsRequest untouched;
    throw field_problem(error, fields(untouched));
  }
}

SongRequest parse_song(const Json& body, std::vector<std::string>& warnings) {
  try {
    SongRequest request = parse_song_request(body, warnings);
    require_names_only(controls_of(request));
    return request;
  } catch (const Error& error) {
    // An unknown mode has no rows of its own.
    const std::vector<std::string> modes = song_modes();
    const Json mode = body.is_object() && body.contains("mode") ? body.at("mode") : Json();
    const bool is_known =
        mode.is_string() && std::find(modes.begin(), modes.end(), mode.as_string()) != modes.end();
    SongRequest untouched = make_song_request(is_known ? mode.as_string() : "generate");
    throw field_problem(error, fields(untouched));
  }
}

}  // namespace

JobBody parse_job_body(const Json& body, std::vector<std::string>& warnings) {
  if (body.is_object() && body.contains("schema")) {
    throw ProblemError(
        ErrorCode::InvalidRequest,
        {.code = "invalid_request",
         .title = "This is not a request",
         .message = "Metadata of a song cannot be sent as a job; use its settings."});
  }
  if (is_lyrics_request(body)) return parse_lyrics(body, warnings);
  return parse_song(body, warnings);
}

Json wire_request_json(const SongRequest& request) {
  Json loras = Json::array();
  for (const LoraChoice& lora : controls_of(request).loras) {
    Json entry = Json::object();
    entry.set("id", lora.name);
    entry.set("scale", lora.strength ? Json(*lora.strength) : Json());
    loras.push_back(entry);
  }
  Json body = song_request_json(request);
  body.set("loras", loras);
  return body;
}

}  // namespace ams
