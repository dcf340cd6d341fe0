// Mode Extend: new music behind or before a song, which itself stays as it is.
#pragma once

#include "studio/modes/song_draft.h"
#include "studio/requests/extend_request.h"

namespace ams {

// `request` is resolved: seeds, steps, shift and guidance are set. The finished song holds the seed
// bit-exactly up to the fade, which lies inside the seed.
// Throws as read_song_input(), and InvalidRequest if the whole would last longer than 360 s.
SongDraft draft_song(const ExtendRequest& request, const ModeContext& context);

}  // namespace ams
