// The metadata block that the planner reads and writes between <think> and </think>.
#pragma once

#include <string>

#include "planner/metadata.h"

namespace ams {

// One "key: value" line for each field that is present, sorted by key, without a final newline:
// yaml.dump(allow_unicode=True) of the reference. Empty if nothing is present. Thread-safe.
std::string write_reasoning(const SongMetadata& metadata);

}  // namespace ams
