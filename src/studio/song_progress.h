// Progress of a song whose networks are read when they are first needed.
#pragma once

#include <string>

#include "studio/engine.h"
#include "studio/models/song_model.h"

namespace ams {

// Tells "loading" while a network is read, and again the stage that was interrupted by it when the
// network is there: what follows is that stage's work, which has a time budget and must not be
// shown as loading. Lives as long as the job, on its thread; its parts refer to it.
class SongProgress {
 public:
  explicit SongProgress(const JobContext& job);
  SongProgress(const SongProgress&) = delete;
  SongProgress& operator=(const SongProgress&) = delete;

  const JobContext& job() const { return watched_; }
  const LoadObserver& loading() const { return loading_; }

 private:
  void load(std::string_view network);

  const JobContext& job_;
  JobContext watched_;
  LoadObserver loading_;
  std::string stage_;  // the latest that is not loading; empty at first
  Progress latest_;    // of that stage, without its texts
};

}  // namespace ams
