// The finished results of all sessions: documents and files in the folder for output.
//
// Invariants:
// - A result exists exactly if its document does, and the document is written after the files that
//   it names; so a process that dies leaves either a whole result or files without a document,
//   which the next start removes.
// - Files never change under their id; post-processing adds files and writes the document anew.
// - A result goes when it is older than its lifetime or more than the limit are newer, but not
//   while a job works on it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "studio/jobs/clock.h"
#include "studio/jobs/data_folder.h"
#include "studio/jobs/result_record.h"

namespace ams {

// Shared: a reader keeps the version that it has seen while a newer one takes its place.
using ResultPtr = std::shared_ptr<const ResultRecord>;

// Thread-safe.
class ResultShelf {
 public:
  struct Limits {
    std::chrono::seconds lifetime{};
    size_t max_results = 0;
  };

  // Brings back what earlier runs finished and removes what they did not.
  ResultShelf(const DataFolder& folder,
              const StudioDocuments& documents,
              const Clock& clock,
              Limits limits);

  // Writes the document; the files are in their place already. Throws Internal.
  void add(ResultRecord record);
  // The same result with more files: `change` gets a copy of the newest version. Throws Gone,
  // Internal. Post-processing lane only.
  void update(const std::string& id, const std::function<void(ResultRecord&)>& change);

  // Throws NotFound, Gone.
  ResultPtr find(const std::string& session, const std::string& id) const;
  // Null if the job left none.
  ResultPtr find_by_job(const std::string& session, const std::string& job_id) const;
  // Oldest first.
  std::vector<ResultPtr> all() const;
  bool has(const std::string& id) const;
  std::optional<StoredFile> file(const std::string& file_id) const;
  std::chrono::system_clock::time_point expires_at(const ResultRecord& record) const;

  // While it lives, the result is not cleaned up.
  class Hold {
   public:
    Hold(ResultShelf& shelf, std::string id);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    ResultShelf& shelf_;
    std::string id_;
  };

  void sweep();

 private:
  struct Entry {
    ResultPtr record;
    Clock::TimePoint added;
    int holds = 0;
  };
  void recover();
  std::optional<ResultRecord> read(const std::string& name) const;
  void put_locked(ResultPtr record, Clock::TimePoint added);
  std::vector<std::string> outlived_locked() const;
  StoredFile stored(const ResultRecord& record, const ResultFile& file) const;

  const DataFolder& folder_;
  const StudioDocuments& documents_;
  const Clock& clock_;
  const Limits limits_;

  mutable std::mutex mutex_;  // all below
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> ids_of_files_;  // file id -> result id
  std::map<std::string, std::string> gone_;          // result id -> session
  std::deque<std::string> gone_order_;
};

}  // namespace ams
