// Files that belong together by their names, as large checkpoints are split.
#pragma once

#include <set>
#include <string>

namespace ams {

// "model-00001-of-00004.safetensors" asks for its three siblings. False if one is not in `names`.
bool has_all_parts(const std::set<std::string>& names);

}  // namespace ams
