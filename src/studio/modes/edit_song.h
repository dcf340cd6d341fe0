// Mode Edit: one segment of a song made anew, or the whole song morphed by flow edit.
#pragma once

#include "studio/modes/song_draft.h"
#include "studio/requests/edit_request.h"

namespace ams {

// `request` is resolved: seeds, steps, shift and guidance are set. Repaint keeps the song
// bit-exactly outside of the segment and its fades.
// Throws as read_song_input(), and InvalidRequest on a segment that the song does not have.
SongDraft draft_song(const EditRequest& request, const ModeContext& context);

}  // namespace ams
