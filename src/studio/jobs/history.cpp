#include "studio/jobs/history.h"

#include <algorithm>
#include <iterator>

namespace ams {
namespace {

constexpr size_t kMostSessions = 1000;

}  // namespace

History::History(size_t max_items, const ResultShelf& results)
    : max_items_(max_items), results_(results) {
  for (const ResultPtr& record : results.all()) add(*record);
}

void History::add(const ResultRecord& record) {
  const ResultView& view = record.view;
  const std::lock_guard lock(mutex_);
  std::deque<HistoryItem>& items = sessions_[record.session];
  items.push_front({view.id, view.mode, view.label, view.created_at, /*available=*/true});
  if (items.size() > max_items_) items.pop_back();
}

std::vector<HistoryItem> History::list(const std::string& session) const {
  std::vector<HistoryItem> items;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(session);
    if (found != sessions_.end()) items.assign(found->second.begin(), found->second.end());
  }
  for (HistoryItem& item : items) item.available = results_.has(item.result_id);
  return items;
}

void History::sweep() {
  const std::lock_guard lock(mutex_);
  for (auto session = sessions_.begin();
       session != sessions_.end() && sessions_.size() > kMostSessions;) {
    const bool is_left = std::any_of(
        session->second.begin(), session->second.end(), [this](const HistoryItem& item) {
          return results_.has(item.result_id);
        });
    session = is_left ? std::next(session) : sessions_.erase(session);
  }
}

}  // namespace ams
