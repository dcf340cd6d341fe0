#include "server/stream_count.h"

namespace ams {

bool StreamCount::enter() {
  const std::lock_guard lock(mutex_);
  if (open_ >= kMaxStreams) return false;
  ++open_;
  return true;
}

void StreamCount::leave() {
  const std::lock_guard lock(mutex_);
  --open_;
  changed_.notify_all();
}

void StreamCount::wait_until_none(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return open_ == 0; });
}

}  // namespace ams
