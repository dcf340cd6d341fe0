// The documents that the studio stores without knowing them.
#pragma once

#include "studio/jobs/studio_parts.h"

namespace ams {

// Immutable; thread-safe.
class WireDocuments : public StudioDocuments {
 public:
  Json song(const SongRequest& request,
            const SongReport& report,
            const SongFile& file,
            const JobFacts& job) const override;
  Json lyrics(const LyricsRequest& request,
              const LyricsDraft& draft,
              const JobFacts& job) const override;
  Json resolved_request(const SongRequest& request, const SongReport& report) const override;
  Json request(const JobRequest& request) const override;
  JobRequest parse_request(const Json& document) const override;
};

}  // namespace ams
