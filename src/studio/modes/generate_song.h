// Mode Generate: planner, audio codes, a new song.
#pragma once

#include "studio/modes/song_draft.h"
#include "studio/requests/generate_request.h"

namespace ams {

// `request` is resolved: seeds, steps, shift and guidance are set. Runs the planner if the request
// wants it and the model has one. Throws as plan_song().
SongDraft draft_song(const GenerateRequest& request, const ModeContext& context);

}  // namespace ams
