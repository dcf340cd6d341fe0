// The page: its files, embedded in the program.
#pragma once

#include <optional>

#include "server/web_message.h"

namespace ams {

// The file of the page at the request's path, "/" being its start; empty if there is none. Without
// a page "/" says how to build one.
std::optional<WebResponse> page_response(const WebRequest& request);

}  // namespace ams
