// Jobs and their events, as the wire has them.
#pragma once

#include "base/json.h"
#include "studio/jobs/job_view.h"

namespace ams {

// The request in the form of POST /jobs; null for monostate.
Json job_request_json(const JobRequest& request);

Json job_json(const JobView& job);

// The data of a server-sent event: number and kind are in it again.
Json event_json(const JobEvent& event);

// The event as the stream has it: "id: 7\nevent: diffusion\ndata: {…}\n\n".
std::string event_text(const JobEvent& event);

}  // namespace ams
