// Writes a draft: from a submitted request to a result on the shelf.
#pragma once

#include <string>
#include <vector>

#include "studio/jobs/job.h"
#include "studio/jobs/workshop.h"

namespace ams {

// Returns the result's id. `warnings`: from reading the request. Throws as run_attempts(), and
// Internal for the disk. Engine lane.
std::string run_lyrics_task(Job& job,
                            const std::vector<std::string>& warnings,
                            const Workshop& shop);

}  // namespace ams
