// The flags about the machine, for commands that compute but make no song.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/environment.h"
#include "studio/engine.h"

namespace ams {

// --device and --threads. `options` must outlive parsing.
void add_device_flags(CLI::App& command, const Environment& environment, EngineOptions& options);

}  // namespace ams
