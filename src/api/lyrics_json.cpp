#include "api/lyrics_json.h"

#include <string_view>

#include "base/build_info.h"
#include "base/error.h"
#include "base/fields.h"
#include "base/sha256.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr const char* kMode = "lyrics";
constexpr const char* kSchema = "ams.meta/1";

// The request's own rows and the one that tells it from other modes'.
Fields body_fields(LyricsRequest& request, std::string& mode) {
  Fields rows = fields(request);
  rows.push_back({.name = "mode", .member = &mode, .choices = {kMode}, .help = "Kind of job"});
  return rows;
}

bool holds_text(const Json& body, std::string_view key, std::string_view text) {
  return body.contains(key) && body.at(key).is_string() && body.at(key).as_string() == text;
}

Json list(const std::vector<std::string>& texts) {
  Json array = Json::array();
  for (const std::string& text : texts) array.push_back(text);
  return array;
}

Json app_json(const LyricsDraft& draft) {
  Json app = Json::object();
  app.set("version", version());
  app.set("commit", commit());
  app.set("device", draft.device);
  app.set("device_name", draft.device_name);
  app.set("precision", draft.precision);
  return app;
}

void add_draft(Json& document, const LyricsDraft& draft) {
  Json models = Json::object();
  models.set(kMode, draft.model);
  document.set("app", app_json(draft));
  document.set("models", models);
  document.set("seed", draft.seed);
  document.set("tokens", draft.tokens);
  document.set("prompt_tokens", draft.prompt_tokens);
  document.set("stop_reason", lyrics_stop_name(draft.stop_reason));
  document.set("output_sha256", sha256_of(draft.text));
  document.set("load_seconds", draft.load_seconds);
  document.set("wall_seconds", draft.wall_seconds);
  if (draft.text.empty()) return;
  document.set("lyrics_first_line", draft.text.substr(0, draft.text.find('\n')));
  document.set("lyrics_sha256", sha256_of(draft.text));
}

}  // namespace

bool is_lyrics_request(const Json& body) { return holds_text(body, "mode", kMode); }

LyricsRequest parse_lyrics_request(const Json& body, std::vector<std::string>& warnings) {
  if (!body.is_object()) {
    throw Error(ErrorCode::InvalidRequest, "request: expected a JSON object");
  }
  if (holds_text(body, "schema", kSchema)) {
    const Json inner = body.contains("request") ? body.at("request") : Json();
    // A document inside a document would only be made to keep us busy.
    if (inner.is_object() && !inner.contains("schema"))
      return parse_lyrics_request(inner, warnings);
    throw Error(ErrorCode::InvalidRequest,
                "request: this metadata document does not hold the request of its lyrics");
  }
  LyricsRequest request;
  std::string mode = kMode;
  read_json(body_fields(request, mode), body, warnings);
  if (body.contains("seed") && body.at("seed").is_null()) request.seed = -1;
  validate(request);
  return request;
}

Json lyrics_request_json(const LyricsRequest& request) {
  LyricsRequest copy = request;
  std::string mode = kMode;
  return write_json(body_fields(copy, mode));
}

Json lyrics_metadata_json(const LyricsRequest& request,
                          const LyricsDraft& draft,
                          const JobFacts& job) {
  LyricsRequest resolved = request;
  resolved.seed = draft.seed;
  Json document = Json::object();
  document.set("schema", kSchema);
  document.set("job_id", job.job_id);
  document.set("created_at", job.created_at);
  document.set("mode", kMode);
  document.set("prompt", request.brief);
  document.set("mode_params", write_json(fields(resolved)));
  document.set("estimated_duration_s", estimate_seconds(request));
  add_draft(document, draft);
  if (job.keeps_request) document.set("request", lyrics_request_json(resolved));
  std::vector<std::string> warnings = job.warnings;
  warnings.insert(warnings.end(), draft.warnings.begin(), draft.warnings.end());
  document.set("warnings", list(warnings));
  document.set("ignored_params", Json::array());
  document.set("queue_seconds", job.queue_seconds);
  document.set("attempts", job.attempts);
  return document;
}

}  // namespace ams
