#include "studio/jobs/job_view.h"

namespace ams {

std::string_view job_kind_name(JobKind kind) {
  switch (kind) {
    case JobKind::Song:
      return "song";
    case JobKind::Lyrics:
      return "lyrics";
    case JobKind::Lora:
      return "lora";
    case JobKind::Download:
      return "download";
    case JobKind::Stems:
      return "stems";
    case JobKind::Normalise:
      return "normalise";
    case JobKind::Mp3:
      return "mp3";
    case JobKind::Flac:
      return "flac";
  }
  return "song";
}

std::string_view job_state_name(JobState state) {
  switch (state) {
    case JobState::Queued:
      return "queued";
    case JobState::Running:
      return "running";
    case JobState::Done:
      return "done";
    case JobState::Failed:
      return "failed";
    case JobState::Cancelled:
      return "cancelled";
  }
  return "failed";
}

std::string_view mode_of(const JobRequest& request) {
  if (const auto* song = std::get_if<SongRequest>(&request)) return mode_of(*song);
  return std::holds_alternative<LyricsRequest>(request) ? "lyrics" : "";
}

}  // namespace ams
