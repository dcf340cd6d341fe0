// Requests as JSON: the body of POST /api/jobs and the file of `ams request`.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "studio/requests/generate_request.h"

namespace ams {

// A validated request. `mode` may be given and must be "generate". Unknown fields become entries of
// `warnings`. Throws InvalidRequest that names field, value and range.
GenerateRequest parse_generate_request(const Json& body, std::vector<std::string>& warnings);

// The whole request, in the form that parse_generate_request() reads.
Json generate_request_json(const GenerateRequest& request);

}  // namespace ams
