// What a job tells while it waits and runs: numbered events, as the event stream sends them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "studio/jobs/problem.h"
#include "studio/song_report.h"

namespace ams {

enum class Stage { Downloading, Loading, Planner, Encoding, Diffusion, Decoding, Saving, Post };

std::string_view stage_name(Stage stage);  // "downloading", "loading", …

// The stage of a name that Progress uses; empty for one that has no event.
std::optional<Stage> stage_of_progress(std::string_view name);

struct QueuedEvent {
  int64_t jobs_ahead = 0;
  std::optional<double> wait_seconds;  // measured on earlier jobs; absent: unknown
};

// How far a download is.
struct Transfer {
  int64_t bytes = 0;                       // there, of all that the model or adapter needs
  int64_t total = 0;                       // 0: not known yet
  std::optional<double> bytes_per_second;  // of the last seconds; absent: not known yet
};

struct StageEvent {
  Stage stage = Stage::Loading;
  std::optional<double> fraction;  // of the stage, 0 to 1; absent: unknown
  int64_t step = 0;                // of `total`; 0 of 0 for stages that do not count
  int64_t total = 0;
  double elapsed_seconds = 0;         // since the job left the queue
  std::optional<double> eta_seconds;  // of the whole job, measured; absent: unknown
  std::string message;
  std::optional<Transfer> transfer;  // of Downloading; absent: nothing has come yet
};

struct PlanEvent {
  PlannedSong plan;
};

struct TextEvent {
  std::string text;    // to append
  int64_t tokens = 0;  // written so far
};

struct WarningEvent {
  Problem problem;
};

struct DoneEvent {
  std::string result_id;  // empty: the job made no result
};

struct ErrorEvent {
  Problem problem;
};

struct CancelledEvent {};
struct HeartbeatEvent {};

using EventBody = std::variant<QueuedEvent,
                               StageEvent,
                               PlanEvent,
                               TextEvent,
                               WarningEvent,
                               DoneEvent,
                               ErrorEvent,
                               CancelledEvent,
                               HeartbeatEvent>;

// A value type.
struct JobEvent {
  int64_t id = 0;  // counts from 1 within the job; a heartbeat repeats the last number
  EventBody body;
};

// The wire's kind: of a stage event the stage's name, else "queued", "plan", "text", "warning",
// "done", "error", "cancelled", "heartbeat".
std::string_view event_kind(const JobEvent& event);

// Done, error and cancelled: nothing follows.
bool is_last_event(const JobEvent& event);

// An answer to "what came after event n".
struct EventBatch {
  std::vector<JobEvent> events;  // in order, without gaps; or one heartbeat; or none
  bool is_complete = false;      // the job's last event is among them or was seen before
};

}  // namespace ams
