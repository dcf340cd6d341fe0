// Makes a song: from a submitted request to a result on the shelf.
#pragma once

#include <string>
#include <vector>

#include "studio/jobs/job.h"
#include "studio/jobs/workshop.h"

namespace ams {

struct SongTask {
  SongRequest request;                // the engine's own: paths in place of upload ids
  std::vector<std::string> warnings;  // from reading the request
  std::string input_upload;           // id; empty: the mode has no input
};

// Returns the result's id. Throws as run_attempts(), and Internal for the disk. Leaves nothing
// behind when it throws. Engine lane.
std::string run_song_task(Job& job, const SongTask& task, const Workshop& shop);

}  // namespace ams
