// Jobs: submit, look, cancel, repeat, follow.
#include <charconv>
#include <utility>

#include "api/job_json.h"
#include "api/job_request.h"
#include "base/error.h"
#include "server/event_stream.h"
#include "server/problem_response.h"
#include "server/route.h"

namespace ams {
namespace {

WebResponse job_response(const JobView& job) {
  return json_response(job.existing ? 200 : 202, job_json(job));
}

WebResponse post_job(Services& services, const Call& call) {
  Submission submission;
  std::visit([&](auto&& request) { submission.request = std::forward<decltype(request)>(request); },
             parse_job_body(call.body, submission.warnings));
  return job_response(services.studio.submit(call.session, std::move(submission)));
}

WebResponse get_job(Services& services, const Call& call) {
  return json_response(200, job_json(services.studio.job(call.session, call.ids[0])));
}

WebResponse delete_job(Services& services, const Call& call) {
  return json_response(202, job_json(services.studio.cancel(call.session, call.ids[0])));
}

WebResponse post_retake(Services& services, const Call& call) {
  std::optional<int64_t> seed;
  const Fields rows = {
      {.name = "seed", .member = &seed, .range = {-1, 2147483647}, .help = "Absent: a new one"}};
  std::vector<std::string> warnings;
  read_json(rows, call.body, warnings);
  check_ranges(rows);
  if (seed && *seed <= 0) seed.reset();
  return job_response(services.studio.retake(call.session, call.ids[0], seed));
}

WebResponse post_prepare_lora(Services& services, const Call& call) {
  return job_response(services.studio.prepare_lora(call.session, call.ids[0]));
}

WebResponse post_download_model(Services& services, const Call& call) {
  if (!may_fetch_models(services.access)) {
    return problem_response(
        403,
        {.code = "forbidden",
         .title = "Models cannot be fetched from here",
         .message = "Everybody who reaches this studio could fill its disk. Its operator can fetch "
                    "models with 'ams pull', or set AMS_TOKEN."});
  }
  return job_response(services.studio.download_model(call.session, call.ids[0]));
}

WebResponse get_session(Services& services, const Call& call) {
  Json jobs = Json::array();
  for (const JobView& job : services.studio.active_jobs(call.session))
    jobs.push_back(job_json(job));
  Json object = Json::object();
  object.set("jobs", jobs);
  return json_response(200, object);
}

// The number of the last event that the client has.
int64_t last_seen(const WebRequest& request) {
  const std::string_view header = request.header("last-event-id");
  const std::string_view text = header.empty() ? request.parameter("after") : header;
  if (text.empty()) return 0;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= 0) return number;
  throw ProblemError(ErrorCode::InvalidRequest,
                     {.code = "invalid_request",
                      .field = "after",
                      .title = "The event number is not valid",
                      .message = "Last-Event-ID and 'after' expected a number of 0 or more."});
}

WebResponse get_events(Services& services, const Call& call) {
  const int64_t after = last_seen(call.request);
  const EventBatch batch = services.studio.events(call.session, call.ids[0], after);
  if (call.request.parameter("format") != "json") {
    return event_stream(services, call.session, call.ids[0], after);
  }
  Json events = Json::array();
  for (const JobEvent& event : batch.events) events.push_back(event_json(event));
  Json object = Json::object();
  object.set("events", events);
  return json_response(200, object);
}

}  // namespace

std::vector<Route> job_routes() {
  return {
      {.method = "POST",
       .path = "/api/v1/jobs",
       .doc = "Starts a job; 200 with existing = true when the session has one of this kind",
       .body = BodyKind::Json,
       .body_schema = "JobRequest",
       .answers = {{202, "Job"}, {200, "Job"}},
       .handle = post_job},
      {.method = "GET",
       .path = "/api/v1/jobs/{id}",
       .doc = "A job",
       .answers = {{200, "Job"}},
       .handle = get_job},
      {.method = "DELETE",
       .path = "/api/v1/jobs/{id}",
       .doc = "Asks a job to stop; it ends with the event cancelled",
       .answers = {{202, "Job"}},
       .handle = delete_job},
      {.method = "GET",
       .path = "/api/v1/jobs/{id}/events",
       .doc = "Its events, as a stream or with format=json at once; Last-Event-ID is heeded",
       .query = {{"after", "integer", "the last event that the client has"},
                 {"format", "string", "json: what there is, at once"}},
       .answers = {{200, "", "text/event-stream"}, {200, "EventList"}},
       .handle = get_events},
      {.method = "POST",
       .path = "/api/v1/jobs/{id}/retake",
       .doc = "The same request with another seed; 410 names an input that is gone",
       .body = BodyKind::Json,
       .body_schema = "Retake",
       .answers = {{202, "Job"}, {200, "Job"}},
       .handle = post_retake},
      {.method = "GET",
       .path = "/api/v1/session",
       .doc = "This session's queued and running jobs, for a page that was reloaded",
       .answers = {{200, "JobList"}},
       .handle = get_session},
      {.method = "POST",
       .path = "/api/v1/loras/{id}/prepare",
       .doc = "Downloads and checks a preset; 200 when it is there already",
       .body = BodyKind::Json,
       .answers = {{202, "Job"}, {200, "Job"}},
       .handle = post_prepare_lora},
      {.method = "POST",
       .path = "/api/v1/models/{name}/download",
       .doc = "Fetches a model with all that it needs; 200 when it is there or one is on its way",
       .body = BodyKind::Json,
       .answers = {{202, "Job"}, {200, "Job"}},
       .handle = post_download_model},
  };
}

}  // namespace ams
