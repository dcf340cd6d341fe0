// Real numbers that every transformer's config.json states.
#pragma once

#include <string_view>

#include "base/json.h"

namespace ams {

// "rms_norm_eps" (absent: 1e-6) and "rope_theta" (absent: 1e6). `what` names the file in messages.
// Throw CorruptFile for a value that no network can compute with, InvalidRequest for a wrong type.
float read_norm_eps(const Json& json, std::string_view what);
float read_rope_theta(const Json& json, std::string_view what);

}  // namespace ams
