// All jobs that somebody may still ask about.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "studio/jobs/job.h"
#include "studio/jobs/result_shelf.h"

namespace ams {

// Shared: lanes work on what sessions look at.
using JobPtr = std::shared_ptr<Job>;

// Finished jobs stay as long as results do, but at most 1000 of them. Thread-safe.
class JobBook {
 public:
  // Jobs of earlier runs come back as done where their result did.
  JobBook(const Clock& clock, std::chrono::seconds lifetime, const ResultShelf& results);

  void add(JobPtr job);
  // Throws NotFound.
  JobPtr find(const std::string& session, const std::string& id) const;
  // Null: none.
  JobPtr active_of_kind(const std::string& session, JobKind kind) const;
  // Post-processing of the result; null: none.
  JobPtr active_on_result(const std::string& result_id, JobKind kind) const;
  std::vector<JobPtr> active(const std::string& session) const;  // oldest first
  // Upload ids that waiting and running jobs name.
  std::set<std::string> uploads_in_use() const;
  void sweep();

 private:
  const Clock& clock_;
  const std::chrono::seconds lifetime_;

  mutable std::mutex mutex_;  // jobs_
  std::map<std::string, JobPtr> jobs_;
};

}  // namespace ams
