// Lyrics requests and drafts as JSON: the body of a job with mode "lyrics", its file form, and the
// metadata document.
#pragma once

#include <string>
#include <vector>

#include "api/metadata_json.h"
#include "base/json.h"
#include "studio/lyrics/lyrics_writer.h"
#include "studio/requests/lyrics_request.h"

namespace ams {

// Whether `body` asks for lyrics, or is the metadata document of some. False for anything else.
bool is_lyrics_request(const Json& body);

// A validated request. A seed of null is drawn; "mode" may be there and must be "lyrics". The
// metadata document of a draft is read as the request it holds. Unknown fields become entries of
// `warnings`. Throws InvalidRequest that names field, value and range.
LyricsRequest parse_lyrics_request(const Json& body, std::vector<std::string>& warnings);

// The whole request, in the form that parse_lyrics_request() reads.
Json lyrics_request_json(const LyricsRequest& request);

// The metadata document, schema "ams.meta/1". The lyrics are not echoed, only their first line and
// hash; with JobFacts::keeps_request the request is, with the seed that was used.
Json lyrics_metadata_json(const LyricsRequest& request,
                          const LyricsDraft& draft,
                          const JobFacts& job);

}  // namespace ams
