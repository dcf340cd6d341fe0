#include "golden/runner.h"

namespace ams::golden {

std::filesystem::path RunContext::checkpoint(std::string_view name) const {
  const std::filesystem::path path = folder / "checkpoints" / name;
  if (std::filesystem::exists(path)) return path;
  for (const std::string_view variant : {"-sharded", "-prefixed"}) {
    if (name.ends_with(variant)) return checkpoint(name.substr(0, name.size() - variant.size()));
  }
  return path;
}

}  // namespace ams::golden
