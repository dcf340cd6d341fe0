#include "studio/jobs/job_book.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "studio/jobs/request_inputs.h"

namespace ams {
namespace {

constexpr size_t kMostFinished = 1000;
// The last event that a job had sent before the restart may be a few behind what was saved.
constexpr int64_t kEventsAfterSaving = 16;

}  // namespace

JobBook::JobBook(const Clock& clock, std::chrono::seconds lifetime, const ResultShelf& results)
    : clock_(clock), lifetime_(lifetime) {
  for (const ResultPtr& record : results.all()) {
    const ResultView& view = record->view;
    Job::Facts facts;
    facts.id = view.job_id;
    facts.session = record->session;
    facts.kind = view.mode == "lyrics" ? JobKind::Lyrics : JobKind::Song;
    facts.request = view.request;
    auto job = std::make_shared<Job>(std::move(facts), clock);
    job->restore(record->last_event + kEventsAfterSaving, view.id, view.created_at);
    jobs_[job->id()] = std::move(job);
  }
}

void JobBook::add(JobPtr job) {
  const std::lock_guard lock(mutex_);
  jobs_[job->id()] = std::move(job);
}

JobPtr JobBook::find(const std::string& session, const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(id);
  if (found != jobs_.end() && found->second->session() == session) return found->second;
  throw Error(ErrorCode::NotFound, "studio: there is no such job in this session");
}

JobPtr JobBook::active_of_kind(const std::string& session, JobKind kind) const {
  for (JobPtr& job : active(session)) {
    if (job->kind() == kind) return std::move(job);
  }
  return nullptr;
}

JobPtr JobBook::active_on_result(const std::string& result_id, JobKind kind) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, job] : jobs_) {
    if (job->result_id() == result_id && job->kind() == kind && !job->is_finished()) return job;
  }
  return nullptr;
}

std::vector<JobPtr> JobBook::active(const std::string& session) const {
  std::vector<JobPtr> jobs;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, job] : jobs_) {
      if (job->session() == session && !job->is_finished()) jobs.push_back(job);
    }
  }
  std::sort(jobs.begin(), jobs.end(), [](const JobPtr& a, const JobPtr& b) {
    return a->submitted_at() < b->submitted_at();
  });
  return jobs;
}

std::set<std::string> JobBook::uploads_in_use() const {
  const std::lock_guard lock(mutex_);
  std::set<std::string> ids;
  for (const auto& [id, job] : jobs_) {
    const auto* request = std::get_if<SongRequest>(&job->request());
    if (request == nullptr || job->is_finished()) continue;
    ids.merge(named_ids(*request));
  }
  return ids;
}

void JobBook::sweep() {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<Clock::TimePoint, std::string>> finished;  // newest first
  for (const auto& [id, job] : jobs_) {
    if (job->is_finished()) finished.emplace_back(job->finished_at(), id);
  }
  std::sort(finished.rbegin(), finished.rend());
  for (size_t i = 0; i < finished.size(); ++i) {
    const bool is_old = clock_.now() - finished[i].first >= lifetime_;
    if (is_old || i >= kMostFinished) jobs_.erase(finished[i].second);
  }
}

}  // namespace ams
