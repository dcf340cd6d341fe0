// Audio files and adapters of a session.
#include <charconv>
#include <utility>

#include "api/result_json.h"
#include "base/error.h"
#include "base/str.h"
#include "server/problem_response.h"
#include "server/route.h"
#include "server/upload_stream.h"

namespace ams {
namespace {

constexpr const char* kRoleNames = "ref_audio, seed_audio, source_audio";

[[noreturn]] void throw_field(std::string field, std::string title, std::string message) {
  throw ProblemError(ErrorCode::InvalidRequest,
                     {.code = "invalid_request",
                      .field = std::move(field),
                      .title = std::move(title),
                      .message = std::move(message)});
}

UploadRole role_of(std::string_view name) {
  if (const auto role = parse_upload_role(name)) return *role;
  throw_field(
      "role",
      "The role is unknown",
      str("'role' is '", name.substr(0, 40), "', expected one of: ", kRoleNames, ", lora."));
}

std::optional<double> trim_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size() && seconds >= 1 && seconds <= 600) {
    return seconds;
  }
  throw_field("trim_s", "The length to keep is not valid", "'trim_s' expected 1 to 600 s.");
}

WebResponse post_upload(Services& services, const Call& call) {
  const UploadRole role = role_of(call.request.parameter("role"));
  const std::optional<double> trim = trim_of(call.request.parameter("trim_s"));
  ReceivedFile received = receive_upload(services.studio, call.session, role, call.request);
  const std::string_view named = call.request.parameter("name");
  const std::string name = named.empty() ? received.name : std::string(named);
  if (role == UploadRole::Lora) {
    const LoraView lora = services.studio.accept_lora(call.session, name, std::move(received.file));
    return json_response(lora.existing ? 200 : 201, lora_json(lora));
  }
  const AudioUpload upload =
      services.studio.accept_audio(call.session, role, name, trim, std::move(received.file));
  return json_response(upload.existing ? 200 : 201, audio_upload_json(upload));
}

std::string text_member(const Json& body, const char* name) {
  if (body.contains(name) && body.at(name).is_string()) return body.at(name).as_string();
  throw_field(name, str("'", name, "' is missing"), str("'", name, "' expected a text."));
}

WebResponse post_from_result(Services& services, const Call& call) {
  const std::string result_id = text_member(call.body, "result_id");
  const UploadRole role = role_of(text_member(call.body, "role"));
  const auto file = parse_file_role(text_member(call.body, "file"));
  if (!file)
    throw_field("file", "The file is unknown", "'file' expected a role of a result's file.");
  if (role == UploadRole::Lora) {
    throw_field("role", "The role does not fit", str("'role' expected one of: ", kRoleNames, "."));
  }
  const AudioUpload upload =
      services.studio.upload_from_result(call.session, result_id, *file, role);
  return json_response(upload.existing ? 200 : 201, audio_upload_json(upload));
}

WebResponse get_upload(Services& services, const Call& call) {
  return json_response(200, audio_upload_json(services.studio.upload(call.session, call.ids[0])));
}

WebResponse get_loras(Services& services, const Call& call) {
  return json_response(200, lora_list_json(services.studio.loras(call.session)));
}

}  // namespace

std::vector<Route> upload_routes() {
  return {
      {.method = "POST",
       .path = "/api/v1/uploads",
       .doc = "Adds a file: the body raw, or one multipart part called file; 200 if it is known",
       .body = BodyKind::Upload,
       .query = {{"role", "string", "ref_audio, seed_audio, source_audio or lora"},
                 {"name", "string", "of the file, for display"},
                 {"trim_s", "number", "keeps this much of the beginning"}},
       .answers = {{201, "AudioUpload"}, {200, "AudioUpload"}},
       .handle = post_upload},
      {.method = "POST",
       .path = "/api/v1/uploads/from-result",
       .doc = "Makes a file of a result an input without travelling",
       .body = BodyKind::Json,
       .body_schema = "FromResult",
       .answers = {{201, "AudioUpload"}, {200, "AudioUpload"}},
       .handle = post_from_result},
      {.method = "GET",
       .path = "/api/v1/uploads/{id}",
       .doc = "An upload; 410 when it was cleaned up",
       .answers = {{200, "AudioUpload"}},
       .handle = get_upload},
      {.method = "GET",
       .path = "/api/v1/loras",
       .doc = "Adapters: presets and this session's uploads",
       .answers = {{200, "LoraList"}},
       .handle = get_loras},
  };
}

}  // namespace ams
