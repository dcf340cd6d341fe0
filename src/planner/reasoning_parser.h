// Reads what the planner wrote.
#pragma once

#include <string>
#include <string_view>

#include "planner/metadata.h"

namespace ams {

// The metadata in a planner's output: from its <think> block, or, while that is open, from all
// before the first audio code. Lines that are no field are skipped; a bpm or duration that is no
// whole number, and "N/A", count as absent. Values are unquoted (the reference keeps the quotes).
// Any text is accepted. Thread-safe, as all here.
SongMetadata parse_reasoning(std::string_view output);

// The lyrics after </think> without their heading, or "" if there are none.
std::string parse_lyrics(std::string_view output);

}  // namespace ams
