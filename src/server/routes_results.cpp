// Results, what is made of them, and the session's history.
#include <array>

#include "api/job_json.h"
#include "api/result_json.h"
#include "base/error.h"
#include "server/route.h"

namespace ams {
namespace {

WebResponse get_result(Services& services, const Call& call) {
  return json_response(200, result_json(services.studio.result(call.session, call.ids[0])));
}

WebResponse get_history(Services& services, const Call& call) {
  return json_response(200, history_json(services.studio.history(call.session)));
}

FileRole source_of(const Json& body) {
  if (!body.contains("source") || body.at("source").is_null()) return FileRole::Song;
  const Json source = body.at("source");
  const auto role = source.is_string() ? parse_file_role(source.as_string()) : std::nullopt;
  if (role) return *role;
  throw ProblemError(ErrorCode::InvalidRequest,
                     {.code = "invalid_request",
                      .field = "source",
                      .title = "The source is unknown",
                      .message = "'source' expected the role of one of the result's files."});
}

template <JobKind kind>
WebResponse post_process(Services& services, const Call& call) {
  const JobView job =
      services.studio.process(call.session, call.ids[0], kind, source_of(call.body));
  return json_response(job.existing ? 200 : 202, job_json(job));
}

Route process_route(std::string_view path,
                    std::string_view doc,
                    WebResponse (*handle)(Services&, const Call&)) {
  return {.method = "POST",
          .path = path,
          .doc = doc,
          .body = BodyKind::Json,
          .body_schema = "PostRequest",
          .answers = {{202, "Job"}, {200, "Job"}},
          .handle = handle};
}

}  // namespace

std::vector<Route> result_routes() {
  return {
      {.method = "GET",
       .path = "/api/v1/results/{id}",
       .doc = "A finished song or draft; 410 when it was cleaned up",
       .answers = {{200, "Result"}},
       .handle = get_result},
      process_route("/api/v1/results/{id}/stems",
                    "Separates vocals, drums, bass and the rest; 200 when they are there",
                    post_process<JobKind::Stems>),
      process_route("/api/v1/results/{id}/normalise",
                    "Makes a version of -14 LUFS",
                    post_process<JobKind::Normalise>),
      process_route(
          "/api/v1/results/{id}/mp3", "Encodes to MP3, 320 kbit/s", post_process<JobKind::Mp3>),
      process_route("/api/v1/results/{id}/flac", "Encodes to FLAC", post_process<JobKind::Flac>),
      {.method = "GET",
       .path = "/api/v1/history",
       .doc = "The session's latest results",
       .answers = {{200, "History"}},
       .handle = get_history},
  };
}

}  // namespace ams
