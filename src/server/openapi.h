// The documents that are made from the table of routes.
#pragma once

#include <string>

#include "base/json.h"

namespace ams {

// GET /openapi.json: OpenAPI 3.1.
Json openapi_json();

// docs/api.md.
std::string api_markdown();

// GET /docs: the same to read in a browser, with /docs.css.
std::string api_html();

}  // namespace ams
