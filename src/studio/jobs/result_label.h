// What a list calls a result.
#pragma once

#include <string>
#include <string_view>

#include "studio/jobs/job_view.h"

namespace ams {

// The first 30 characters of prompt, lyrics or brief, whichever is there, on one line; may be
// empty.
std::string result_label(const JobRequest& request);

// "audio/mpeg" of "mp3", "audio/flac" of "flac", else "audio/wav".
std::string mime_of_container(std::string_view container);

}  // namespace ams
