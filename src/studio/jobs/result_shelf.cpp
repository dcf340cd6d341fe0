#include "studio/jobs/result_shelf.h"

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxDocumentBytes = size_t{16} << 20;
constexpr size_t kMostGone = 2000;  // remembered, to tell what was cleaned up from what never was
constexpr const char* kEnding = ".json";

}  // namespace

ResultShelf::ResultShelf(const DataFolder& folder,
                         const StudioDocuments& documents,
                         const Clock& clock,
                         Limits limits)
    : folder_(folder), documents_(documents), clock_(clock), limits_(limits) {
  recover();
}

void ResultShelf::recover() {
  std::set<std::string> known;
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_.folder(FolderRole::Output), error)) {
    names.push_back(entry.path().filename().string());
  }
  for (const std::string& name : names) {
    if (fs::path(name).extension() != kEnding) continue;
    auto record = read(name);
    if (!record) continue;
    known.insert(name);
    for (const auto& [id, file] : record->names) known.insert(file);
    const auto age = std::max(std::chrono::system_clock::duration::zero(),
                              clock_.date() - record->view.created_at);
    const std::lock_guard lock(mutex_);
    put_locked(std::make_shared<const ResultRecord>(std::move(*record)),
               clock_.now() - std::chrono::duration_cast<Clock::TimePoint::duration>(age));
  }
  for (const std::string& name : names) {
    if (known.count(name) == 0) fs::remove_all(folder_.path(FolderRole::Output, name), error);
  }
  sweep();
}

// Empty for a document that does not tell of a whole result.
std::optional<ResultRecord> ResultShelf::read(const std::string& name) const {
  try {
    const Json document =
        Json::parse_file(folder_.path(FolderRole::Output, name), kMaxDocumentBytes);
    ResultRecord record = read_result_document(document, documents_);
    if (name != record.view.id + kEnding) return std::nullopt;
    for (const ResultFile& file : record.view.files) {
      const fs::path path = folder_.path(FolderRole::Output, record.names.at(file.file_id));
      std::error_code error;
      const auto bytes = fs::file_size(path, error);
      if (error || static_cast<int64_t>(bytes) != file.bytes) return std::nullopt;
    }
    return record;
  } catch (const Error& error) {
    log(LogLevel::Warning, "studio", str("a damaged result is removed: ", error.what()));
    return std::nullopt;
  }
}

void ResultShelf::put_locked(ResultPtr record, Clock::TimePoint added) {
  for (const ResultFile& file : record->view.files) ids_of_files_[file.file_id] = record->view.id;
  Entry& entry = entries_[record->view.id];
  entry.added = added;
  entry.record = std::move(record);
}

void ResultShelf::add(ResultRecord record) {
  const Json document = write_result_document(record, documents_);
  folder_.write_text(FolderRole::Output, record.view.id + kEnding, document.dump(1) + "\n");
  const std::lock_guard lock(mutex_);
  put_locked(std::make_shared<const ResultRecord>(std::move(record)), clock_.now());
}

void ResultShelf::update(const std::string& id, const std::function<void(ResultRecord&)>& change) {
  ResultPtr old;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found != entries_.end()) old = found->second.record;
  }
  if (!old) throw Error(ErrorCode::Gone, "studio: the song was cleaned up meanwhile");
  auto changed = std::make_shared<ResultRecord>(*old);
  change(*changed);
  const Json document = write_result_document(*changed, documents_);
  folder_.write_text(FolderRole::Output, id + kEnding, document.dump(1) + "\n");
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  for (const ResultFile& file : old->view.files) ids_of_files_.erase(file.file_id);
  put_locked(std::move(changed), found->second.added);
}

ResultPtr ResultShelf::find(const std::string& session, const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found != entries_.end() && found->second.record->session == session) {
    return found->second.record;
  }
  const auto gone = gone_.find(id);
  if (gone != gone_.end() && gone->second == session) {
    throw Error(ErrorCode::Gone,
                "studio: the files of this result were cleaned up; its form can be started again");
  }
  throw Error(ErrorCode::NotFound, "studio: there is no such result in this session");
}

ResultPtr ResultShelf::find_by_job(const std::string& session, const std::string& job_id) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, entry] : entries_) {
    if (entry.record->view.job_id == job_id && entry.record->session == session) {
      return entry.record;
    }
  }
  return nullptr;
}

std::vector<ResultPtr> ResultShelf::all() const {
  std::vector<std::pair<Clock::TimePoint, ResultPtr>> by_age;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : entries_) by_age.emplace_back(entry.added, entry.record);
  }
  std::sort(
      by_age.begin(), by_age.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<ResultPtr> records;
  for (auto& [added, record] : by_age) records.push_back(std::move(record));
  return records;
}

bool ResultShelf::has(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return entries_.count(id) > 0;
}

StoredFile ResultShelf::stored(const ResultRecord& record, const ResultFile& file) const {
  const std::string& name = record.names.at(file.file_id);
  // "r_5f0c….lufs-14.wav" -> "cover-5f0c1234.lufs-14.wav"
  constexpr size_t kPrefix = 2;
  constexpr size_t kShown = 8;
  const std::string shown =
      str(record.view.mode,
          "-",
          record.view.id.substr(std::min(kPrefix, record.view.id.size()), kShown),
          name.substr(record.view.id.size()));
  return {folder_.path(FolderRole::Output, name), file.mime, file.bytes, file.file_id, shown};
}

std::optional<StoredFile> ResultShelf::file(const std::string& file_id) const {
  const std::lock_guard lock(mutex_);
  const auto id = ids_of_files_.find(file_id);
  if (id == ids_of_files_.end()) return std::nullopt;
  const ResultRecord& record = *entries_.at(id->second).record;
  for (const ResultFile& file : record.view.files) {
    if (file.file_id == file_id) return stored(record, file);
  }
  return std::nullopt;
}

std::chrono::system_clock::time_point ResultShelf::expires_at(const ResultRecord& record) const {
  return record.view.created_at + limits_.lifetime;
}

ResultShelf::Hold::Hold(ResultShelf& shelf, std::string id) : shelf_(shelf), id_(std::move(id)) {
  const std::lock_guard lock(shelf_.mutex_);
  const auto found = shelf_.entries_.find(id_);
  if (found == shelf_.entries_.end()) {
    throw Error(ErrorCode::Gone, "studio: the song was cleaned up meanwhile");
  }
  ++found->second.holds;
}

ResultShelf::Hold::~Hold() {
  const std::lock_guard lock(shelf_.mutex_);
  const auto found = shelf_.entries_.find(id_);
  if (found != shelf_.entries_.end()) --found->second.holds;
}

std::vector<std::string> ResultShelf::outlived_locked() const {
  std::vector<std::pair<Clock::TimePoint, std::string>> by_age;  // newest first
  for (const auto& [id, entry] : entries_) by_age.emplace_back(entry.added, id);
  std::sort(by_age.rbegin(), by_age.rend());
  std::vector<std::string> outlived;
  for (size_t i = 0; i < by_age.size(); ++i) {
    const auto& [added, id] = by_age[i];
    const bool is_old = clock_.now() - added >= limits_.lifetime || i >= limits_.max_results;
    if (is_old && entries_.at(id).holds == 0) outlived.push_back(id);
  }
  return outlived;
}

void ResultShelf::sweep() {
  std::vector<ResultPtr> removed;
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& id : outlived_locked()) {
      const auto found = entries_.find(id);
      removed.push_back(found->second.record);
      for (const ResultFile& file : found->second.record->view.files) {
        ids_of_files_.erase(file.file_id);
      }
      gone_[id] = found->second.record->session;
      gone_order_.push_back(id);
      entries_.erase(found);
    }
    while (gone_order_.size() > kMostGone) {
      gone_.erase(gone_order_.front());
      gone_order_.pop_front();
    }
  }
  for (const ResultPtr& record : removed) {
    // The document first: what it names must be whole as long as it is there.
    folder_.remove(FolderRole::Output, record->view.id + kEnding);
    for (const auto& [id, name] : record->names) folder_.remove(FolderRole::Output, name);
  }
}

}  // namespace ams
