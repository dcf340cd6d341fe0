// What a song's file says about how it was made.
#pragma once

#include <string>

#include "audio/tags.h"
#include "studio/requests/song_request.h"
#include "studio/song_report.h"

namespace ams {

// Facts that neither request nor report hold.
struct SongTagFacts {
  std::string request_json = {};  // as parse_song_request() reads it; empty: not kept in the file
  std::string job_id = {};        // empty: none
  int64_t year = 0;               // 0: not written
};

// Title (mode and the first 60 characters of the prompt), artist and software, tempo, key and
// language where known, lyrics, and as user fields seed, prompt, adapters with their SHA-256,
// models and job id. Thread-safe.
AudioTags song_tags(const SongRequest& request,
                    const SongReport& report,
                    const SongTagFacts& facts);

}  // namespace ams
