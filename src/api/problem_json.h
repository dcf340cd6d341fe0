// What went wrong, as the wire has it.
#pragma once

#include "base/json.h"
#include "studio/jobs/problem.h"

namespace ams {

Json problem_json(const Problem& problem);

}  // namespace ams
