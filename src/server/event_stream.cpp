#include "server/event_stream.h"

#include <algorithm>
#include <memory>

#include "api/job_json.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "server/problem_response.h"

namespace ams {
namespace {

void send_events(Services& services,
                 const std::string& session,
                 const std::string& job_id,
                 int64_t after,
                 const StreamWriter& writer) {
  while (writer.is_open()) {
    const EventBatch batch =
        services.studio.wait_events(session, job_id, after, services.stop.get_token());
    std::string text;
    for (const JobEvent& event : batch.events) {
      text += event_text(event);
      after = std::max(after, event.id);
    }
    if (!text.empty() && !writer.write(text)) return;
    if (batch.is_complete || batch.events.empty()) return;
  }
}

}  // namespace

WebResponse event_stream(Services& services,
                         const std::string& session,
                         const std::string& job_id,
                         int64_t after) {
  // Shared, because the body of a response is copied.
  const auto slot = std::make_shared<StreamSlot>(services.streams);
  if (!slot->is_taken()) {
    return problem_response(429,
                            {.code = "busy",
                             .title = "Too many event streams",
                             .message = "Poll with ?format=json instead, or try again."});
  }
  const StreamBody body = [&services, session, job_id, after, slot](const StreamWriter& writer) {
    try {
      send_events(services, session, job_id, after, writer);
    } catch (const Error& error) {
      // The job was cleaned up meanwhile; the client finds out when it connects again.
      log(LogLevel::Info, "server", str("event stream of ", job_id, ": ", error.what()));
    }
  };
  return {.content_type = "text/event-stream",
          .headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}},
          .body = body};
}

}  // namespace ams
