#include "studio/jobs/post_task.h"

#include <algorithm>
#include <utility>

#include "audio/decode.h"
#include "base/error.h"
#include "base/str.h"
#include "studio/jobs/random_id.h"
#include "studio/jobs/stage_reporter.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr uintmax_t kShareOfSource = 5;  // stems and their zip hold the song about so many times

// What a page draws. Compressed files are not decoded for it.
std::optional<Peaks> peaks_of(const PostFile& file) {
  if (file.mime != "audio/wav") return std::nullopt;
  return measure_peaks(decode_audio_file(file.path, DecodeOptions{}).audio);
}

void add_to_metadata(Json& metadata, const Json& facts) {
  if (!metadata.is_object() || facts.is_null()) return;
  Json list = metadata.contains("post") ? metadata.at("post") : Json::array();
  list.push_back(facts);
  metadata.set("post", list);
}

// The tools at work; what they load waits for its turn.
PostReport process(Job& job, const PostTask& task, const Workshop& shop, StageReporter& reporter) {
  std::optional<ModelManager::LoadTurn> turn;
  JobContext context;
  context.stop = job.stop_token();
  context.progress = [&](const Progress& progress) {
    const bool is_loading = stage_of_progress(progress.stage) == Stage::Loading;
    if (is_loading && !turn) turn.emplace(shop.models);
    if (!is_loading) turn.reset();
    reporter.report(progress);
  };
  const ModelManager::PostLease tools(shop.models);
  return (*tools).run(task, context);
}

// Out of the record; the file itself has to stay until the document no longer names it.
void remove_role(ResultRecord& record, FileRole role, std::vector<std::string>& replaced) {
  std::vector<ResultFile>& files = record.view.files;
  const auto old = std::find_if(
      files.begin(), files.end(), [&](const ResultFile& file) { return file.role == role; });
  if (old == files.end()) return;
  replaced.push_back(record.names.at(old->file_id));
  record.names.erase(old->file_id);
  record.sources.erase(old->file_id);
  files.erase(old);
}

void add_file(ResultRecord& record,
              const PostFile& made,
              FileRole source,
              Publication& publication) {
  ResultFile file;
  file.role = made.role;
  file.file_id = random_id("f_");
  file.mime = made.mime;
  file.bytes = static_cast<int64_t>(fs::file_size(made.path));
  file.duration_seconds = made.duration_seconds;
  file.lufs = made.lufs;
  file.peaks = peaks_of(made);
  const std::string name = result_file_name(record.view.id, made.role, source);
  publication.add(made.path, name);
  record.names[file.file_id] = name;
  record.sources[file.file_id] = source;
  record.view.files.push_back(std::move(file));
}

}  // namespace

const ResultFile& require_role(const ResultRecord& record, FileRole role) {
  const std::vector<ResultFile>& files = record.view.files;
  const auto found = std::find_if(
      files.begin(), files.end(), [&](const ResultFile& file) { return file.role == role; });
  if (found == files.end()) {
    throw Error(ErrorCode::NotFound,
                str("studio: this result has no file '", file_role_name(role), "'"));
  }
  return *found;
}

std::vector<FileRole> roles_of(JobKind kind) {
  switch (kind) {
    case JobKind::Stems:
      return {
          FileRole::Vocals, FileRole::Drums, FileRole::Bass, FileRole::Other, FileRole::StemsZip};
    case JobKind::Normalise:
      return {FileRole::Normalised};
    case JobKind::Mp3:
      return {FileRole::Mp3};
    case JobKind::Flac:
      return {FileRole::Flac};
    default:
      throw Error(ErrorCode::InvalidRequest,
                  str("studio: '",
                      job_kind_name(kind),
                      "' cannot be made of a song, expected stems, normalise, mp3 or flac"));
  }
}

bool has_roles(const ResultRecord& record, const PostOrder& order) {
  const std::vector<FileRole> roles = roles_of(order.kind);
  return std::all_of(roles.begin(), roles.end(), [&](FileRole role) {
    return std::any_of(
        record.view.files.begin(), record.view.files.end(), [&](const ResultFile& file) {
          const auto source = record.sources.find(file.file_id);
          return file.role == role && source != record.sources.end() &&
                 source->second == order.source;
        });
  });
}

void run_post_task(Job& job, const PostOrder& order, const Workshop& shop) {
  const ResultShelf::Hold hold(shop.results, job.result_id());
  const ResultPtr record = shop.results.find(job.session(), job.result_id());
  const ResultFile& source = require_role(*record, order.source);
  shop.folder.require_space(FolderRole::Output,
                            kShareOfSource * static_cast<uintmax_t>(source.bytes));
  const WorkFolder work(shop.folder.path(FolderRole::Temporary, job.id()));
  StageReporter reporter(job, shop.clock, shop.times);
  reporter.enter(Stage::Post, job_kind_name(order.kind));
  PostTask task;
  task.kind = order.kind;
  task.source = shop.folder.path(FolderRole::Output, record->names.at(source.file_id));
  task.folder = work.path();
  task.metadata = record->view.metadata;
  const PostReport report = process(job, task, shop, reporter);
  reporter.enter(Stage::Saving);
  for (const std::string& warning : report.warnings) {
    job.emit(WarningEvent{warning_problem("A note on the files", warning)});
  }
  Publication publication(shop.folder);
  std::vector<std::string> replaced;
  shop.results.update(job.result_id(), [&](ResultRecord& changed) {
    for (const PostFile& made : report.files) {
      remove_role(changed, made.role, replaced);
      add_file(changed, made, order.source, publication);
    }
    add_to_metadata(changed.view.metadata, report.facts);
  });
  publication.keep();
  for (const std::string& name : replaced) shop.folder.remove(FolderRole::Output, name);
}

}  // namespace ams
