// Mode Cover: the reference clip gives structure (as audio codes) and timbre.
#pragma once

#include "studio/modes/song_draft.h"
#include "studio/requests/cover_request.h"

namespace ams {

// `request` is resolved: seeds, steps, shift and guidance are set. The clip is repeated or cut to
// the song's length; the pieces of the timbre clip are drawn from the seed.
// Throws as read_song_input().
SongDraft draft_song(const CoverRequest& request, const ModeContext& context);

}  // namespace ams
