// Linked instead of the generated source when the page could not be built.
#include "server/page_files.h"

namespace ams {

std::span<const PageFile> page_files() { return {}; }
std::string_view page_security_policy() { return {}; }

}  // namespace ams
