// The body of POST /jobs.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "studio/jobs/job_view.h"
#include "studio/requests/lyrics_request.h"
#include "studio/requests/song_request.h"

namespace ams {

using JobBody = std::variant<SongRequest, LyricsRequest>;

// A validated request of any mode, with upload ids in place of files and "name" of adapters being
// their ids. Models are named, never paths. Unknown fields become entries of `warnings`.
// Throws ProblemError with InvalidRequest that names the field at fault.
JobBody parse_job_body(const Json& body, std::vector<std::string>& warnings);

// The request in the form that parse_job_body() reads, with `loras` as {"id", "scale"}.
Json wire_request_json(const SongRequest& request);

}  // namespace ams
