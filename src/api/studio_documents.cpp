#include "api/studio_documents.h"

#include "api/job_json.h"
#include "api/job_request.h"
#include "api/lyrics_json.h"
#include "api/metadata_json.h"

namespace ams {

Json WireDocuments::song(const SongRequest& request,
                         const SongReport& report,
                         const SongFile& file,
                         const JobFacts& job) const {
  return song_metadata_json(request, report, file, job);
}

Json WireDocuments::lyrics(const LyricsRequest& request,
                           const LyricsDraft& draft,
                           const JobFacts& job) const {
  return lyrics_metadata_json(request, draft, job);
}

Json WireDocuments::resolved_request(const SongRequest& request, const SongReport& report) const {
  return resolved_request_json(request, report);
}

Json WireDocuments::request(const JobRequest& request) const { return job_request_json(request); }

JobRequest WireDocuments::parse_request(const Json& document) const {
  if (document.is_null()) return {};
  std::vector<std::string> warnings;  // the document is our own
  return std::visit([](auto&& request) -> JobRequest { return request; },
                    parse_job_body(document, warnings));
}

}  // namespace ams
