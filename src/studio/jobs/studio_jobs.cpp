// Jobs of the studio: submission, places in line, endings.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "studio/jobs/download_task.h"
#include "studio/jobs/lyrics_task.h"
#include "studio/jobs/random_id.h"
#include "studio/jobs/request_inputs.h"
#include "studio/jobs/studio_impl.h"
#include "studio/lora/lora_presets.h"
#include "studio/models/model_downloads.h"

namespace ams {
namespace {

JobView marked_existing(JobView view) {
  view.existing = true;
  return view;
}

Problem shutdown_problem() {
  Problem problem;
  problem.code = error_code_info(ErrorCode::Cancelled).name;
  problem.title = "The studio was shut down";
  problem.message = "studio: the server is shutting down; start the job again once it is back";
  problem.actions = {WayOut::Retry};
  return problem;
}

bool has_loras(const JobRequest& request) {
  const auto* song = std::get_if<SongRequest>(&request);
  return song != nullptr && !controls_of(*song).loras.empty();
}

// A problem that removing the adapters can solve says so.
void offer_lora_removal(const Job& job, Problem& problem) {
  const bool is_of_lora = problem.message.find("lora") != std::string::npos ||
                          problem.message.find("adapter") != std::string::npos;
  if (is_of_lora && has_loras(job.request())) problem.actions = {WayOut::RemoveLora};
}

}  // namespace

void Studio::Impl::require_open() const {
  if (is_closing_) throw Error(ErrorCode::Busy, "studio: the server is shutting down");
}

JobView Studio::Impl::submit(const std::string& session, Submission submission) {
  const std::lock_guard lock(submit_);
  require_open();
  Job::Facts facts{random_id("j_"), session};
  facts.kind =
      std::holds_alternative<SongRequest>(submission.request) ? JobKind::Song : JobKind::Lyrics;
  if (const JobPtr active = jobs.active_of_kind(session, facts.kind)) {
    return marked_existing(active->view());
  }
  if (auto* lyrics = std::get_if<LyricsRequest>(&submission.request)) {
    if (!models.has_lyrics()) {
      throw Error(
          ErrorCode::Unsupported,
          "lyrics: this studio has no model that writes lyrics; `ams pull lyrics` gets one");
    }
    facts.request = std::move(*lyrics);
    auto job = std::make_shared<Job>(std::move(facts), clock);
    return enqueue(engine_lane_, job, [this, warnings = submission.warnings](Job& running) {
      return run_lyrics_task(running, warnings, shop);
    });
  }
  auto& song = std::get<SongRequest>(submission.request);
  SongTask task = resolve_request(session, song, shop);
  task.warnings = submission.warnings;
  facts.request = std::move(song);
  auto job = std::make_shared<Job>(std::move(facts), clock);
  return enqueue(engine_lane_, job, [this, task = std::move(task)](Job& running) {
    return run_song_task(running, task, shop);
  });
}

JobView Studio::Impl::retake(const std::string& session,
                             const std::string& job_id,
                             std::optional<int64_t> seed) {
  const JobRequest request = jobs.find(session, job_id)->request();
  Submission submission;
  if (const auto* lyrics = std::get_if<LyricsRequest>(&request)) {
    LyricsRequest again = *lyrics;
    again.seed = seed.value_or(draw_seed());
    submission.request = std::move(again);
  } else if (const auto* song = std::get_if<SongRequest>(&request)) {
    SongRequest again = with_inputs_again(session, job_id, *song);
    controls_of(again).seed = seed.value_or(draw_seed());
    controls_of(again).sde_seed.reset();
    submission.request = std::move(again);
  } else {
    throw Error(ErrorCode::InvalidRequest,
                "studio: this job has no request that could be repeated");
  }
  return submit(session, std::move(submission));
}

// An input that was cleaned up comes back from the copy beside the result, if there is one.
SongRequest Studio::Impl::with_inputs_again(const std::string& session,
                                            const std::string& job_id,
                                            SongRequest request) {
  const auto gone = [](std::string_view field, const std::string& message) {
    Problem problem;
    problem.field = field;
    problem.message = message;
    problem.actions = {WayOut::PickFile};
    throw ProblemError(ErrorCode::Gone, std::move(problem));
  };
  for (const LoraChoice& lora : controls_of(request).loras) {
    if (lora.name.rfind("u_", 0) == 0 && !uploads.has(session, lora.name)) {
      gone("loras", "studio: the adapter of this song was cleaned up; add its file again");
    }
  }
  const AudioInput input = audio_input(request);
  if (input.upload == nullptr || uploads.has(session, *input.upload)) return request;
  const ResultPtr record = results.find_by_job(session, job_id);
  if (!record) {
    gone(upload_role_name(input.role),
         str("studio: the file of '",
             upload_role_name(input.role),
             "' was cleaned up; add it again"));
  }
  *input.upload = upload_from_result(session, record->view.id, FileRole::Input, input.role).id;
  return request;
}

JobView Studio::Impl::process(const std::string& session,
                              const std::string& result_id,
                              const PostOrder& order) {
  const std::lock_guard lock(submit_);
  require_open();
  roles_of(order.kind);  // throws for what is no post-processing
  const ResultPtr record = results.find(session, result_id);
  const bool is_normalised =
      order.source == FileRole::Normalised && order.kind != JobKind::Normalise;
  if (order.source != FileRole::Song && !is_normalised) {
    throw Error(ErrorCode::InvalidRequest,
                str("studio: 'source' is '",
                    file_role_name(order.source),
                    "', which '",
                    job_kind_name(order.kind),
                    "' does not take"));
  }
  require_role(*record, order.source);
  if (const JobPtr active = jobs.active_on_result(result_id, order.kind)) {
    return marked_existing(active->view());
  }
  if (has_roles(*record, order)) {
    return present(
        {.id = random_id("j_"), .session = session, .kind = order.kind, .result_id = result_id});
  }
  if (!parts.open_post_processor) {
    throw Error(ErrorCode::Unsupported, "studio: this server cannot process finished songs");
  }
  Job::Facts facts{random_id("j_"), session, order.kind};
  facts.result_id = result_id;
  auto job = std::make_shared<Job>(std::move(facts), clock);
  return enqueue(post_lane_, job, [this, order](Job& running) {
    run_post_task(running, order, shop);
    return running.result_id();
  });
}

JobView Studio::Impl::prepare_lora(const std::string& session, const std::string& lora_id) {
  const std::lock_guard lock(submit_);
  require_open();
  const LoraPreset* preset = nullptr;
  for (const LoraPreset& each : lora_presets()) {
    if (preset_id(each.name) == lora_id) preset = &each;
  }
  if (preset == nullptr) throw Error(ErrorCode::NotFound, "studio: there is no such preset");
  if (!preset->fits_this_program) {
    throw Error(ErrorCode::Unsupported,
                str("lora: preset '", preset->name, "' was made for ", preset->made_for));
  }
  if (const JobPtr active = jobs.active_of_kind(session, JobKind::Lora)) {
    return marked_existing(active->view());
  }
  const std::string name(preset->name);
  if (parts.downloader && parts.downloader->is_present(name)) {
    return present({random_id("j_"), session, JobKind::Lora});
  }
  auto job = std::make_shared<Job>(Job::Facts{random_id("j_"), session, JobKind::Lora}, clock);
  return enqueue(download_lane_, job, [this, name](Job& running) {
    run_download_task(name, running, shop);
    return std::string();
  });
}

JobView Studio::Impl::download_model(const std::string& session, const std::string& name) {
  const ModelDownload download = find_studio_download(name);
  const std::lock_guard lock(submit_);
  require_open();
  if (!parts.downloader) {
    throw Error(ErrorCode::Unsupported, "studio: this server downloads nothing");
  }
  if (const JobPtr active = jobs.active_of_kind(session, JobKind::Download)) {
    return marked_existing(active->view());
  }
  Job::Facts facts{random_id("j_"), session, JobKind::Download};
  facts.model = download.folder;
  if (parts.downloader->is_present(download.name)) return present(std::move(facts));
  auto job = std::make_shared<Job>(std::move(facts), clock);
  return enqueue(
      download_lane_, job, [this, name = download.name, kind = download.kind](Job& running) {
        run_download_task(name, running, shop);
        if (kind == "lyrics") models.renew(ModelPart::Lyrics);
        if (kind == "song" || kind == "planner") models.renew(ModelPart::Song);
        return std::string();
      });
}

// The answer where nothing is left to do: a job that is done, which nobody can ask about later.
JobView Studio::Impl::present(Job::Facts facts) const {
  Job job(std::move(facts), clock);
  job.emit(DoneEvent{job.result_id()});
  return marked_existing(job.view());
}

JobView Studio::Impl::cancel(const std::string& session, const std::string& id) {
  const JobPtr job = jobs.find(session, id);
  for (Lane* const lane : {&engine_lane_, &post_lane_, &download_lane_}) {
    if (!lane->remove(*job)) continue;
    job->emit(CancelledEvent{});
    announce(*lane);
  }
  job->request_stop();
  return job->view();
}

JobView Studio::Impl::enqueue(Lane& lane,
                              const JobPtr& job,
                              std::function<std::string(Job&)> make) {
  const Lane::Line line = lane.line();
  const size_t ahead = line.waiting.size() + (line.running ? 1 : 0);
  // Before the lane has the job, so that this is its first event.
  job->emit(QueuedEvent{static_cast<int64_t>(ahead), wait_seconds(line, line.waiting.size())});
  lane.submit(job, [this, make = std::move(make)](Job& running) { run(running, make); });
  jobs.add(job);
  return job->view();
}

void Studio::Impl::run(Job& job, const std::function<std::string(Job&)>& make) {
  if (job.stop_token().stop_requested()) return job.emit(closing_event(job));
  log(LogLevel::Info,
      "studio",
      str("job ",
          job.id(),
          ": ",
          job_kind_name(job.kind()),
          " ",
          mode_of(job.request()),
          " starts"));
  try {
    const std::string result_id = make(job);
    log(LogLevel::Info, "studio", str("job ", job.id(), ": done in ", job.elapsed_seconds(), " s"));
    job.emit(DoneEvent{result_id});
  } catch (...) {
    if (job.stop_token().stop_requested()) return job.emit(closing_event(job));
    Problem problem = current_problem();
    problem.message = without_folders(problem.message, folder.root());
    offer_lora_removal(job, problem);
    log(LogLevel::Warning,
        "studio",
        str("job ",
            job.id(),
            ": ",
            problem.code,
            " after ",
            job.elapsed_seconds(),
            " s: ",
            problem.message));
    job.emit(ErrorEvent{std::move(problem)});
  }
}

EventBody Studio::Impl::closing_event(const Job& /*job*/) const {
  if (is_closing_) return ErrorEvent{shutdown_problem()};
  return CancelledEvent{};
}

void Studio::Impl::announce(const Lane& lane) {
  const std::lock_guard lock(announce_);
  const Lane::Line line = lane.line();
  for (size_t place = 0; place < line.waiting.size(); ++place) {
    const auto ahead = static_cast<int64_t>(place + (line.running ? 1 : 0));
    const JobView view = line.waiting[place]->view();
    if (view.queue && view.queue->jobs_ahead == ahead) continue;
    line.waiting[place]->emit(QueuedEvent{ahead, wait_seconds(line, place)});
  }
}

std::optional<double> Studio::Impl::wait_seconds(const Lane::Line& line, size_t place) const {
  double sum = 0;
  if (line.running) {
    const auto whole = times.whole(line.running->request());
    if (!whole) return std::nullopt;
    sum += std::max(0.0, *whole - line.running->elapsed_seconds());
  }
  for (size_t i = 0; i < place; ++i) {
    const auto whole = times.whole(line.waiting[i]->request());
    if (!whole) return std::nullopt;
    sum += *whole;
  }
  return sum;
}

}  // namespace ams
