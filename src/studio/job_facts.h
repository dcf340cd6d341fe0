// What only the caller of the engine knows about how a song or a draft came to be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ams {

// A value type.
struct JobFacts {
  std::string job_id = {};
  std::string created_at = {};             // UTC, ISO 8601
  std::vector<std::string> warnings = {};  // from reading the request
  double queue_seconds = 0;
  double load_seconds = 0;  // opening the engine, besides what the report counts itself
  int64_t attempts = 1;
  // Seconds of computing that the job was allowed for; absent: as estimated from its length.
  std::optional<int64_t> budget_seconds = {};
  // Adds the request with seeds and defaults filled in, so that parse_song_request() can run the
  // document again. It holds lyrics and paths in full: for documents that stay with their user.
  bool keeps_request = false;
};

}  // namespace ams
