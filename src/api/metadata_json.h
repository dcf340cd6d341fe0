// The metadata document of a song, schema "ams.meta/1".
#pragma once

#include <string>

#include "base/json.h"
#include "studio/job_facts.h"
#include "studio/requests/song_request.h"
#include "studio/song_file.h"
#include "studio/song_report.h"

namespace ams {

// The document; outside of a kept request lyrics are not echoed, only their first line and hash.
Json song_metadata_json(const SongRequest& request,
                        const SongReport& report,
                        const SongFile& file,
                        const JobFacts& job);

// The request with what the engine drew and filled in, as parse_song_request() reads it.
Json resolved_request_json(const SongRequest& request, const SongReport& report);

// Eight random hexadecimal digits.
std::string make_job_id();

// Now, as "2026-06-01T12:00:00Z".
std::string utc_timestamp();

}  // namespace ams
