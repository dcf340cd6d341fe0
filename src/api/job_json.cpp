#include "api/job_json.h"

#include <type_traits>

#include "api/job_request.h"
#include "api/lyrics_json.h"
#include "api/problem_json.h"
#include "base/str.h"
#include "studio/jobs/clock.h"

namespace ams {
namespace {

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json plan_json(const PlannedSong& plan) {
  Json object = Json::object();
  object.set("caption", plan.caption);
  object.set("bpm", or_null(plan.bpm));
  object.set("keyscale", plan.keyscale);
  object.set("timesignature", plan.timesignature);
  object.set("vocal_language", plan.vocal_language);
  return object;
}

Json queue_json(const QueuedEvent& queue) {
  Json object = Json::object();
  object.set("jobs_ahead", queue.jobs_ahead);
  object.set("wait_s", or_null(queue.wait_seconds));
  return object;
}

Json transfer_json(const Transfer& transfer) {
  Json object = Json::object();
  object.set("bytes", transfer.bytes);
  object.set("total", transfer.total);
  object.set("bytes_per_s", or_null(transfer.bytes_per_second));
  return object;
}

Json stage_json(const StageEvent& stage) {
  Json object = Json::object();
  object.set("kind", stage_name(stage.stage));
  object.set("fraction", or_null(stage.fraction));
  object.set("step", stage.step);
  object.set("total", stage.total);
  object.set("elapsed_s", stage.elapsed_seconds);
  object.set("eta_s", or_null(stage.eta_seconds));
  object.set("message", stage.message);
  object.set("transfer", stage.transfer ? transfer_json(*stage.transfer) : Json());
  return object;
}

Json body_json(const EventBody& body) {
  return std::visit(
      [](const auto& each) -> Json {
        using Body = std::decay_t<decltype(each)>;
        Json object = Json::object();
        if constexpr (std::is_same_v<Body, QueuedEvent>) return queue_json(each);
        if constexpr (std::is_same_v<Body, StageEvent>) return stage_json(each);
        if constexpr (std::is_same_v<Body, PlanEvent>) object.set("plan", plan_json(each.plan));
        if constexpr (std::is_same_v<Body, DoneEvent>) {
          object.set("result_id", text_or_null(each.result_id));
        }
        if constexpr (std::is_same_v<Body, WarningEvent> || std::is_same_v<Body, ErrorEvent>) {
          object.set("problem", problem_json(each.problem));
        }
        if constexpr (std::is_same_v<Body, TextEvent>) {
          object.set("text", each.text);
          object.set("tokens", each.tokens);
        }
        return object;
      },
      body);
}

}  // namespace

Json job_request_json(const JobRequest& request) {
  if (const auto* song = std::get_if<SongRequest>(&request)) return wire_request_json(*song);
  if (const auto* lyrics = std::get_if<LyricsRequest>(&request))
    return lyrics_request_json(*lyrics);
  return {};
}

Json job_json(const JobView& job) {
  Json warnings = Json::array();
  for (const Problem& warning : job.warnings) warnings.push_back(problem_json(warning));
  Json object = Json::object();
  object.set("id", job.id);
  object.set("kind", job_kind_name(job.kind));
  object.set("mode", text_or_null(std::string(mode_of(job.request))));
  object.set("state", job_state_name(job.state));
  object.set("created_at", utc_text(job.created_at));
  object.set("last_event", job.last_event);
  object.set("queue", job.queue ? queue_json(*job.queue) : Json());
  object.set("progress", job.progress ? stage_json(*job.progress) : Json());
  object.set("plan", job.plan ? plan_json(*job.plan) : Json());
  object.set("text", job.text);
  object.set("tokens", job.tokens);
  object.set("model", text_or_null(job.model));
  object.set("warnings", warnings);
  object.set("error", job.error ? problem_json(*job.error) : Json());
  object.set("result_id", text_or_null(job.result_id));
  object.set("request", job_request_json(job.request));
  object.set("existing", job.existing);
  return object;
}

Json event_json(const JobEvent& event) {
  Json object = body_json(event.body);
  object.set("id", event.id);
  object.set("kind", event_kind(event));
  return object;
}

std::string event_text(const JobEvent& event) {
  return str("id: ",
             event.id,
             "\nevent: ",
             event_kind(event),
             "\ndata: ",
             event_json(event).dump(),
             "\n\n");
}

}  // namespace ams
