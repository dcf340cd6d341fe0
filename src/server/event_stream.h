// The events of a job as a stream of server-sent events.
#pragma once

#include <cstdint>
#include <string>

#include "server/services.h"
#include "server/web_message.h"

namespace ams {

// Sends what follows event `after`, then what happens, until the job ends, the client leaves or the
// server stops. The job must exist. Answers 429 when as many streams are open as the server takes:
// clients poll then.
WebResponse event_stream(Services& services,
                         const std::string& session,
                         const std::string& job_id,
                         int64_t after);

}  // namespace ams
