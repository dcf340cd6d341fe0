// Command line flags from field tables.
#pragma once

#include <CLI/CLI.hpp>

#include "base/fields.h"

namespace ams {

// Adds the flag of every row that has one; a switch --x also gets --no-x. The members are set while
// the command line is parsed, in the order of the words. Their current values are shown as
// defaults. Parsing throws InvalidRequest on a bad value.
void add_flags(CLI::App& command, const Fields& fields);

}  // namespace ams
