// What the lyrics model is told.
#pragma once

#include "studio/requests/lyrics_request.h"
#include "text/chat_template.h"

namespace ams {

// One system turn, one user turn that states the form and then the brief, and an opened answer.
// Only the turns' own markers are special tokens: the user's text stays text. Thread-safe.
MarkedText lyrics_prompt(const LyricsRequest& request);

}  // namespace ams
