// The flags about files that the song commands share.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/environment.h"
#include "cli/song_job.h"

namespace ams {

// -o, --json, --quiet and the rows of EngineOptions. `job` must outlive parsing.
void add_job_flags(CLI::App& command, const Environment& environment, SongJob& job);

}  // namespace ams
