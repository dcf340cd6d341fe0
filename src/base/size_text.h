// Sizes of files and memory for people.
#pragma once

#include <cstdint>
#include <string>

namespace ams {

// Three digits and a decimal unit, as disks and networks are sold: "940 B", "51.0 kB", "26.6 MB",
// "9.62 GB", "1.20 TB".
std::string size_text(uint64_t bytes);

}  // namespace ams
