// A stored file as a response: ranges, conditions, download names.
#pragma once

#include <string>
#include <string_view>

#include "server/web_message.h"
#include "studio/jobs/result_view.h"

namespace ams {

// Heeds Range, If-Range, If-None-Match and ?download=1. Throws Gone if the file was removed.
WebResponse file_response(const WebRequest& request, const StoredFile& file);

// A name that is safe in a header and on every disk: letters, digits, "._-", at most 80 of them.
std::string safe_file_name(std::string_view name);

}  // namespace ams
