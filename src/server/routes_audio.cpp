// POST /v1/audio/generations: the shape of common speech and music services, on the same jobs.
#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "api/job_request.h"
#include "api/result_json.h"
#include "base/error.h"
#include "base/str.h"
#include "server/file_response.h"
#include "server/problem_response.h"
#include "server/route.h"

namespace ams {
namespace {

struct AudioFormat {
  std::string_view name;
  FileRole role;
  JobKind made_by;  // of formats other than the song's own
};
constexpr std::array<AudioFormat, 3> kFormats{{{"wav", FileRole::Song, JobKind::Song},
                                               {"mp3", FileRole::Mp3, JobKind::Mp3},
                                               {"flac", FileRole::Flac, JobKind::Flac}}};

[[noreturn]] void throw_field(const char* field, const char* title, const std::string& message) {
  throw ProblemError(
      ErrorCode::InvalidRequest,
      {.code = "invalid_request", .field = field, .title = title, .message = message});
}

std::string random_session() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device source;
  std::string id;
  for (int i = 0; i < 32; ++i) id += kDigits[source() % kDigits.size()];
  return id;
}

const AudioFormat& format_of(const Json& body) {
  const bool is_given = body.contains("response_format") && !body.at("response_format").is_null();
  const Json name = is_given ? body.at("response_format") : Json("wav");
  for (const AudioFormat& format : kFormats) {
    if (name.is_string() && name.as_string() == format.name) return format;
  }
  throw_field("response_format",
              "The format is unknown",
              "'response_format' expected one of: wav, mp3, flac.");
}

bool wants_url(const Json& body) {
  if (!body.contains("as_url") || body.at("as_url").is_null()) return false;
  if (body.at("as_url").is_bool()) return body.at("as_url").as_bool();
  throw_field("as_url", "'as_url' is not valid", "'as_url' expected true or false.");
}

// The body of POST /api/v1/jobs that means the same. Names that are not translated are its own.
Json job_body(const Json& body) {
  Json job = Json::object();
  job.set("mode", "generate");
  body.for_each_member([&](const std::string& name, const Json& value) {
    if (name == "response_format" || name == "as_url" || name == "mode") return;
    const bool is_prompt = name == "input" && !body.contains("prompt");
    job.set(is_prompt ? "prompt" : name == "duration" ? "duration_s" : name, value);
  });
  return job;
}

// Waits until the job has ended. A client that left takes its song with it.
JobView wait_for_job(Services& services,
                     const Call& call,
                     const std::string& session,
                     const std::string& id) {
  int64_t after = 0;
  for (;;) {
    const EventBatch batch =
        services.studio.wait_events(session, id, after, services.stop.get_token());
    for (const JobEvent& event : batch.events) after = std::max(after, event.id);
    if (batch.is_complete || batch.events.empty()) return services.studio.job(session, id);
    if (!call.request.is_connected()) services.studio.cancel(session, id);
  }
}

// The job if it is done; throws why it is not.
JobView require_done(const JobView& job) {
  if (job.state == JobState::Done) return job;
  if (job.error) {
    Problem problem = *job.error;
    const bool is_known = problem.code == "out_of_memory";
    throw ProblemError(is_known ? ErrorCode::OutOfMemory : ErrorCode::Internal, problem);
  }
  throw Error(ErrorCode::Cancelled, "jobs: the song was cancelled");
}

WebResponse post_generation(Services& services, const Call& call) {
  const AudioFormat& format = format_of(call.body);
  const bool as_url = wants_url(call.body);
  Submission submission;
  std::visit([&](auto&& request) { submission.request = std::forward<decltype(request)>(request); },
             parse_job_body(job_body(call.body), submission.warnings));
  // A session of its own: these requests do not get in each other's way.
  const std::string session = random_session();
  const JobView started = services.studio.submit(session, std::move(submission));
  const JobView song = require_done(wait_for_job(services, call, session, started.id));
  if (format.role != FileRole::Song) {
    const JobView made =
        services.studio.process(session, song.result_id, format.made_by, FileRole::Song);
    require_done(wait_for_job(services, call, session, made.id));
  }
  const ResultView result = services.studio.result(session, song.result_id);
  const auto file = std::find_if(result.files.begin(),
                                 result.files.end(),
                                 [&](const ResultFile& each) { return each.role == format.role; });
  if (file == result.files.end()) {
    throw Error(ErrorCode::Internal, str("jobs: the result has no ", format.name, " file"));
  }
  if (!as_url) return file_response(call.request, services.studio.file(file->file_id));
  Json answer = Json::object();
  answer.set("url", file_url(file->file_id));
  answer.set("result_id", result.id);
  answer.set("seed", result.metadata.contains("seed") ? result.metadata.at("seed") : Json());
  return json_response(200, answer);
}

}  // namespace

std::vector<Route> audio_routes() {
  return {{.method = "POST",
           .path = "/v1/audio/generations",
           .doc = "Makes a song and answers with its audio, in one request; other members are "
                  "those of POST /api/v1/jobs",
           .access = Access::Token,
           .body = BodyKind::Json,
           .body_schema = "AudioGeneration",
           .answers = {{200, "", "audio/wav"}, {200, "AudioAddress"}},
           .handle = post_generation}};
}

}  // namespace ams
