// The files that a request names by id, and the paths that an engine needs instead.
#pragma once

#include <set>
#include <string>

#include "studio/jobs/job_view.h"
#include "studio/jobs/song_task.h"
#include "studio/jobs/upload_shelf.h"
#include "studio/jobs/workshop.h"

namespace ams {

// The member that holds an audio file, and its role; null: the mode has none.
struct AudioInput {
  std::string* upload = nullptr;
  UploadRole role = UploadRole::RefAudio;
};
AudioInput audio_input(SongRequest& request);

// All ids that the request names, of audio and adapters.
std::set<std::string> named_ids(const SongRequest& request);

// What an engine can work on: ids become paths, presets their names. Checks what the request says
// about its input. Nothing but issued ids becomes a path.
// Throws ProblemErrors: NotFound and Gone for inputs, InvalidRequest, Unsupported.
SongTask resolve_request(const std::string& session, SongRequest request, const Workshop& shop);

// Whether resolve_request() would find all files.
bool has_inputs(const std::string& session, const JobRequest& request, const UploadShelf& uploads);

// "preset:chinese-new-year" of "Chinese New Year".
std::string preset_id(std::string_view name);

}  // namespace ams
