#include "studio/jobs/studio.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "studio/jobs/problem.h"
#include "studio/jobs/random_id.h"
#include "studio/jobs/request_inputs.h"
#include "studio/jobs/studio_impl.h"

namespace ams {
namespace {

constexpr std::chrono::seconds kCleanUpInterval{60};

const Clock& clock_of(const StudioParts& parts) {
  return parts.clock != nullptr ? *parts.clock : machine_clock();
}

}  // namespace

std::string_view studio_activity_name(StudioActivity activity) {
  constexpr std::array<std::string_view, 3> kNames{"idle", "loading", "busy"};
  return kNames.at(static_cast<size_t>(activity));
}

Studio::Impl::Impl(const StudioOptions& given_options, StudioParts given_parts)
    : options(given_options),
      parts(std::move(given_parts)),
      clock(clock_of(parts)),
      folder(options.data_folder, options.spare_disk_bytes, parts.free_disk_bytes),
      models(parts, options.memory_headroom_bytes),
      uploads(folder, clock, options.upload_lifetime, options.max_session_upload_bytes),
      results(folder, *parts.documents, clock, {options.result_lifetime, options.max_results}),
      history(options.max_history, results),
      shop{options, parts, clock, folder, models, uploads, results, history, times},
      jobs(clock, options.result_lifetime, results),
      engine_lane_("engine", options.max_waiting, [this] { announce(engine_lane_); }),
      post_lane_("post-processing", options.max_waiting, [this] { announce(post_lane_); }),
      download_lane_("download", options.max_waiting, [this] { announce(download_lane_); }),
      cleaner_([this](const std::stop_token& stop) { clean_up_until(stop); }) {
  log(LogLevel::Info, "studio", str("data folder ", folder.root().string()));
  start_preload();
}

void Studio::Impl::start_preload() {
  const auto is_wanted = [this](ModelPart part) {
    return std::count(options.preload.begin(), options.preload.end(), part) > 0;
  };
  std::vector<ModelPart> on_engine;
  // Songs last: where there is no room for both, they stay.
  for (const ModelPart part : {ModelPart::Lyrics, ModelPart::Song}) {
    if (is_wanted(part)) on_engine.push_back(part);
  }
  const auto start = [this](Lane& lane, std::vector<ModelPart> wanted) {
    // Of no session: nobody sees it, but jobs wait for it.
    auto job = std::make_shared<Job>(Job::Facts{random_id("j_"), ""}, clock);
    lane.submit(std::move(job),
                [this, wanted = std::move(wanted)](Job& running) { preload(wanted, running); });
  };
  if (!on_engine.empty()) start(engine_lane_, std::move(on_engine));
  if (is_wanted(ModelPart::Stems)) start(post_lane_, {ModelPart::Stems});
}

void Studio::Impl::preload(const std::vector<ModelPart>& wanted, const Job& job) {
  JobContext context;
  context.stop = job.stop_token();
  for (const ModelPart part : wanted) {
    if (job.stop_token().stop_requested()) return;
    try {
      models.preload(part, context);
      log(LogLevel::Info, "studio", str(model_part_name(part), " are loaded"));
    } catch (...) {
      if (job.stop_token().stop_requested()) return;
      log(LogLevel::Warning,
          "studio",
          str(model_part_name(part), " are not loaded: ", current_problem().message));
    }
  }
}

Studio::Impl::~Impl() { shut_down(); }

void Studio::Impl::clean_up_until(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    const std::lock_guard lock(cleaner_mutex_);
    cleaner_wakes_.notify_all();
  });
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(cleaner_mutex_);
      clock.wait_until(lock, cleaner_wakes_, clock.now() + kCleanUpInterval, [&] {
        return stop.stop_requested();
      });
    }
    if (!stop.stop_requested()) sweep();
  }
}

void Studio::Impl::sweep() {
  uploads.sweep(jobs.uploads_in_use());
  results.sweep();
  history.sweep();
  jobs.sweep();
}

void Studio::Impl::shut_down() {
  {
    const std::lock_guard lock(submit_);
    if (is_closing_.exchange(true)) return;
  }
  for (Lane* const lane : std::array{&engine_lane_, &post_lane_, &download_lane_}) {
    for (const JobPtr& job : lane->close()) job->emit(closing_event(*job));
    if (const JobPtr running = lane->line().running) running->request_stop();
  }
  cleaner_.request_stop();
}

ResultView Studio::Impl::view_of(const ResultRecord& record) const {
  ResultView view = record.view;
  view.expires_at = results.expires_at(record);
  view.inputs_available = has_inputs(record.session, view.request, uploads);
  return view;
}

StoredFile Studio::Impl::file(const std::string& file_id) const {
  if (auto stored = results.file(file_id)) return *std::move(stored);
  if (auto stored = uploads.file(file_id)) return *std::move(stored);
  throw Error(ErrorCode::NotFound, "studio: there is no such file; it may have been cleaned up");
}

StudioState Studio::Impl::state() const {
  const Lane::Line line = engine_lane_.line();
  StudioState state;
  state.running = line.running ? 1 : 0;
  state.waiting = static_cast<int64_t>(line.waiting.size());
  state.max_waiting = static_cast<int64_t>(options.max_waiting);
  if (line.running) {
    state.activity = models.is_loading() ? StudioActivity::Loading : StudioActivity::Busy;
  }
  state.engine = models.facts();
  state.has_lyrics = models.has_lyrics();
  state.has_stems = parts.open_post_processor && (!parts.has_stems || parts.has_stems());
  state.result_lifetime = options.result_lifetime;
  state.upload_lifetime = options.upload_lifetime;
  return state;
}

Studio::Studio(const StudioOptions& options, StudioParts parts)
    : impl_(std::make_unique<Impl>(options, std::move(parts))) {}

Studio::~Studio() = default;

IncomingFile Studio::begin_upload(const std::string& session,
                                  UploadRole role,
                                  std::optional<int64_t> announced_bytes) {
  check_session_id(session);
  return impl_->begin_upload(role, announced_bytes);
}

AudioUpload Studio::accept_audio(const std::string& session,
                                 UploadRole role,
                                 const std::string& name,
                                 std::optional<double> trim_seconds,
                                 IncomingFile file) {
  check_session_id(session);
  return impl_->accept_audio(session, role, name, trim_seconds, std::move(file));
}

LoraView Studio::accept_lora(const std::string& session,
                             const std::string& name,
                             IncomingFile file) {
  check_session_id(session);
  return impl_->accept_lora(session, name, std::move(file));
}

AudioUpload Studio::upload_from_result(const std::string& session,
                                       const std::string& result_id,
                                       FileRole file,
                                       UploadRole role) {
  check_session_id(session);
  return impl_->upload_from_result(session, result_id, file, role);
}

AudioUpload Studio::upload(const std::string& session, const std::string& id) {
  check_session_id(session);
  return impl_->uploads.audio(session, id);
}

LoraList Studio::loras(const std::string& session) {
  check_session_id(session);
  return impl_->loras(session);
}

JobView Studio::submit(const std::string& session, Submission submission) {
  check_session_id(session);
  return impl_->submit(session, std::move(submission));
}

JobView Studio::retake(const std::string& session,
                       const std::string& job_id,
                       std::optional<int64_t> seed) {
  check_session_id(session);
  return impl_->retake(session, job_id, seed);
}

JobView Studio::process(const std::string& session,
                        const std::string& result_id,
                        JobKind kind,
                        FileRole source) {
  check_session_id(session);
  return impl_->process(session, result_id, {kind, source});
}

JobView Studio::prepare_lora(const std::string& session, const std::string& lora_id) {
  check_session_id(session);
  return impl_->prepare_lora(session, lora_id);
}

JobView Studio::download_model(const std::string& session, const std::string& name) {
  check_session_id(session);
  return impl_->download_model(session, name);
}

std::vector<DownloadOffer> Studio::download_offers() {
  const auto& downloader = impl_->parts.downloader;
  return downloader ? downloader->offers() : std::vector<DownloadOffer>();
}

JobView Studio::job(const std::string& session, const std::string& id) {
  check_session_id(session);
  return impl_->jobs.find(session, id)->view();
}

JobView Studio::cancel(const std::string& session, const std::string& id) {
  check_session_id(session);
  return impl_->cancel(session, id);
}

std::vector<JobView> Studio::active_jobs(const std::string& session) {
  check_session_id(session);
  std::vector<JobView> views;
  for (const JobPtr& job : impl_->jobs.active(session)) views.push_back(job->view());
  return views;
}

EventBatch Studio::events(const std::string& session, const std::string& job_id, int64_t after) {
  check_session_id(session);
  return impl_->jobs.find(session, job_id)->events_after(after);
}

EventBatch Studio::wait_events(const std::string& session,
                               const std::string& job_id,
                               int64_t after,
                               const std::stop_token& stop) {
  check_session_id(session);
  const JobPtr job = impl_->jobs.find(session, job_id);
  return job->wait_after(after, impl_->options.heartbeat_interval, stop);
}

ResultView Studio::result(const std::string& session, const std::string& id) {
  check_session_id(session);
  return impl_->view_of(*impl_->results.find(session, id));
}

std::vector<HistoryItem> Studio::history(const std::string& session) {
  check_session_id(session);
  return impl_->history.list(session);
}

StoredFile Studio::file(const std::string& file_id) { return impl_->file(file_id); }

StudioState Studio::state() { return impl_->state(); }

EngineSurvey Studio::survey() { return impl_->models.survey(); }

void Studio::sweep() { impl_->sweep(); }

void Studio::shut_down() { impl_->shut_down(); }

}  // namespace ams
