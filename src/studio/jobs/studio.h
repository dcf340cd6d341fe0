// The studio behind the HTTP server: sessions, uploads, jobs, results. The only door: routes parse,
// call one function of this class, and format its answer.
//
// Threads. Every public function may be called from any thread at any time; none blocks on
// computing except wait_events(), and none but accept_audio() and accept_lora() reads whole files.
// Three lanes of one thread each do the work, strictly in the order of submission: the engine lane
// (songs, lyrics), the post-processing lane, the download lane. One more thread cleans up.
//
// Sessions. A session is an id that a page made: 16 to 64 characters [A-Za-z0-9_-]. Whatever
// belongs to another session is NotFound, whether it exists or not. Ids are random and issued here;
// text from outside never becomes part of a path.
//
// Errors: InvalidRequest for a malformed session or request, NotFound, Gone (cleaned up), Busy (the
// queue is full, or the studio shuts down), TooLarge, Internal (disk). ProblemErrors where a field
// or a way out is known; problem_of() makes each into what people see.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "studio/jobs/job_view.h"
#include "studio/jobs/result_view.h"
#include "studio/jobs/studio_options.h"
#include "studio/jobs/studio_parts.h"
#include "studio/jobs/upload_view.h"

namespace ams {

// A request from a form: validated, with upload ids in place of files (see JobRequest).
struct Submission {
  std::variant<SongRequest, LyricsRequest> request;
  std::vector<std::string> warnings = {};  // from reading it; they go into job and metadata
};

// Idle: weights load with the next job. Loading: the running job waits for them.
enum class StudioActivity { Idle, Loading, Busy };

std::string_view studio_activity_name(StudioActivity activity);  // "idle", …

struct StudioState {
  StudioActivity activity = StudioActivity::Idle;
  int64_t running = 0;  // of the engine lane: 0 or 1
  int64_t waiting = 0;
  int64_t max_waiting = 0;
  // Of the engine; absent until the first job has opened it.
  std::optional<EngineFacts> engine;
  bool has_lyrics = false;
  bool has_stems = false;
  std::chrono::seconds result_lifetime{};
  std::chrono::seconds upload_lifetime{};
};

class Studio {
 public:
  // Takes the data folder (creates, locks, tidies it up; finished results of earlier runs come
  // back) and starts the threads. Nothing is loaded. Throws InvalidRequest with one clear line if
  // the folder cannot be written or another process has it.
  Studio(const StudioOptions& options, StudioParts parts);
  // As shut_down(), and waits for the threads.
  ~Studio();
  Studio(const Studio&) = delete;
  Studio& operator=(const Studio&) = delete;

  // --- Uploads ---------------------------------------------------------------------------------
  // A place to stream an upload to, before its first byte. `announced_bytes`: the request's content
  // length, if it has one. Throws TooLarge, Internal (no space). The caller stops at
  // upload_limits(role).max_bytes.
  IncomingFile begin_upload(const std::string& session,
                            UploadRole role,
                            std::optional<int64_t> announced_bytes);
  // Checks content (by what it is, not by its name), length and sound. `trim_seconds`: keeps that
  // much of the beginning. Takes as long as decoding. Throws ProblemErrors with Unsupported,
  // CorruptFile, TooLarge, InvalidRequest.
  AudioUpload accept_audio(const std::string& session,
                           UploadRole role,
                           const std::string& name,
                           std::optional<double> trim_seconds,
                           IncomingFile file);
  // Checks the header of an adapter (studio.md 5.3).
  LoraView accept_lora(const std::string& session, const std::string& name, IncomingFile file);
  // A file of a result becomes an input.
  AudioUpload upload_from_result(const std::string& session,
                                 const std::string& result_id,
                                 FileRole file,
                                 UploadRole role);
  AudioUpload upload(const std::string& session, const std::string& id);
  LoraList loras(const std::string& session);

  // --- Jobs ------------------------------------------------------------------------------------
  // The new job, or the session's queued or running one of the same kind (existing = true).
  // Throws InvalidRequest, NotFound or Gone for uploads, Busy.
  JobView submit(const std::string& session, Submission submission);
  // The request of a job again, with `seed` or a new one. Also for jobs before a restart that left
  // a result. Throws Gone that names the input to add again.
  JobView retake(const std::string& session,
                 const std::string& job_id,
                 std::optional<int64_t> seed);
  // `kind`: Stems, Normalise, Mp3 or Flac. existing = true with state Done: the files are there.
  JobView process(const std::string& session,
                  const std::string& result_id,
                  JobKind kind,
                  FileRole source);
  // Fetches a preset. existing = true with state Done: it is there.
  JobView prepare_lora(const std::string& session, const std::string& lora_id);
  // Fetches a model by a name of `ams pull` or of download_offers(), with what it needs; the next
  // job finds it. existing = true: it is there (state Done), or the session is fetching one.
  // Throws NotFound that lists the names, Unsupported where nothing is fetched.
  JobView download_model(const std::string& session, const std::string& name);
  // What download_model() could bring.
  std::vector<DownloadOffer> download_offers();

  JobView job(const std::string& session, const std::string& id);
  // Queued: cancelled at once. Running: asked to stop; its event follows. Finished: unchanged.
  JobView cancel(const std::string& session, const std::string& id);
  // Queued and running jobs of the session, oldest first.
  std::vector<JobView> active_jobs(const std::string& session);

  // --- Events ----------------------------------------------------------------------------------
  // Those after event `after` (0: all), at once.
  EventBatch events(const std::string& session, const std::string& job_id, int64_t after);
  // Waits until there is one, `stop` is requested or the heartbeat is due, which is then the only
  // event. A stream is a loop over this. Empty only on stop or when the job had ended before.
  EventBatch wait_events(const std::string& session,
                         const std::string& job_id,
                         int64_t after,
                         const std::stop_token& stop);

  // --- Results ---------------------------------------------------------------------------------
  ResultView result(const std::string& session, const std::string& id);
  std::vector<HistoryItem> history(const std::string& session);  // newest first
  // By an id that this class issued; needs no session, the id itself is the secret.
  StoredFile file(const std::string& file_id);

  // --- Server ----------------------------------------------------------------------------------
  StudioState state();
  // What the engine will be, before the first job has opened it.
  EngineSurvey survey();
  // Removes what has outlived its time; also done once a minute without being asked.
  void sweep();
  // Refuses new work, ends waiting jobs, asks running ones to stop; every stream gets its last
  // event. Returns at once; a second call does nothing.
  void shut_down();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ams
