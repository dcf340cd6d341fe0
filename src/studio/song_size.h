// What decides how much memory a song takes, from its request or from what a mode made of it.
#pragma once

#include "studio/models/memory_needs.h"
#include "studio/models/song_model.h"
#include "studio/modes/render_song.h"
#include "studio/requests/generate_request.h"

namespace ams {

// Exact. Reads the text tokenizer, no weights.
SongSize song_size(const SongSpec& spec, SongModel& model);

// Before the planner runs: what it may write is taken at its longest. `request` has all defaults
// filled in.
SongSize song_size_with_planner(const GenerateRequest& request, SongModel& model);

// Whether a request asks for the planner.
bool wants_planner(const GenerateRequest& request);

}  // namespace ams
