// The metadata document of a song, schema "ams.meta/1".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "studio/requests/song_request.h"
#include "studio/song_file.h"
#include "studio/song_report.h"

namespace ams {

// What only the caller of the engine knows.
struct JobFacts {
  std::string job_id = {};
  std::string created_at = {};             // UTC, ISO 8601
  std::vector<std::string> warnings = {};  // from reading the request
  double queue_seconds = 0;
  int64_t attempts = 1;
  // Adds the request with seeds and defaults filled in, so that parse_song_request() can run the
  // document again. It holds lyrics and paths in full: for documents that stay with their user.
  bool keeps_request = false;
};

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
