// Conditional requests (RFC 9110, section 13).
#pragma once

#include <string_view>

namespace ams {

// Whether a header If-None-Match or If-Range ("*", or a list of tags) names `etag`, which is
// quoted.
bool matches_etag(std::string_view header, std::string_view etag);

}  // namespace ams
