// Requests as JSON: the body of POST /api/jobs and the file of `ams request`.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "studio/requests/song_request.h"

namespace ams {

// A validated request. `mode` selects its struct; absent: "generate". `loras` is a list of
// {"name" or "path", "strength"}. The metadata document of a song is read as the request it holds.
// Unknown fields become entries of `warnings`. Throws InvalidRequest that names field, value and
// range.
SongRequest parse_song_request(const Json& body, std::vector<std::string>& warnings);

// The whole request, in the form that parse_song_request() reads.
Json song_request_json(const SongRequest& request);

}  // namespace ams
