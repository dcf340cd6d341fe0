// Expects that a call throws ams::Error with a code and a part of its message.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"

namespace ams {

void expect_error(ErrorCode code, const std::string& message, const std::function<void()>& call);

}  // namespace ams
