// What each session made last. In memory; after a restart it starts with the results that are left.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "studio/jobs/result_shelf.h"

namespace ams {

// Thread-safe.
class History {
 public:
  History(size_t max_items, const ResultShelf& results);

  void add(const ResultRecord& record);
  std::vector<HistoryItem> list(const std::string& session) const;  // newest first
  // Forgets sessions of which nothing is left, once there are many.
  void sweep();

 private:
  const size_t max_items_;
  const ResultShelf& results_;

  mutable std::mutex mutex_;                                 // sessions_
  std::map<std::string, std::deque<HistoryItem>> sessions_;  // newest first
};

}  // namespace ams
