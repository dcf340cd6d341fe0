// A job as its session sees it. The wire's `Job`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "studio/jobs/job_event.h"
#include "studio/requests/lyrics_request.h"
#include "studio/requests/song_request.h"

namespace ams {

enum class JobKind { Song, Lyrics, Lora, Download, Stems, Normalise, Mp3, Flac };

std::string_view job_kind_name(JobKind kind);  // "song", "lyrics", …

// Queued -> Running -> Done, Failed or Cancelled; Queued -> Cancelled, or Failed at shutdown.
// The last three are final.
enum class JobState { Queued, Running, Done, Failed, Cancelled };

std::string_view job_state_name(JobState state);  // "queued", …

// What a form asked for, as the wire has it: audio members hold upload ids, names of adapters are
// upload ids or "preset:…". Never a path. monostate: the job does not come from a form.
using JobRequest = std::variant<std::monostate, SongRequest, LyricsRequest>;

// "generate" … "edit", "lyrics"; empty for monostate.
std::string_view mode_of(const JobRequest& request);

// A value type: everything up to event `last_event` is contained in it.
struct JobView {
  std::string id;
  JobKind kind = JobKind::Song;
  std::string model;  // of a download: which one; else empty
  JobState state = JobState::Queued;
  std::chrono::system_clock::time_point created_at;
  int64_t last_event = 0;
  std::optional<QueuedEvent> queue;    // while queued
  std::optional<StageEvent> progress;  // latest stage
  std::optional<PlannedSong> plan;
  std::string text;  // of lyrics: the draft so far
  int64_t tokens = 0;
  std::vector<Problem> warnings;
  std::optional<Problem> error;
  std::string result_id;  // empty: none yet; of post-processing, the result that it works on
  JobRequest request;
  bool existing = false;  // answers of submit and post-processing: nothing new was started
};

}  // namespace ams
