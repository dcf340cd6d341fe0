// Progress of a job in a terminal (one line that is redrawn) or in a log (a few plain lines).
#pragma once

#include <chrono>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>

#include "studio/engine.h"
#include "studio/models/model_downloads.h"

namespace ams {

enum class ProgressStyle { Silent, Plain, Terminal };

// What suits standard error.
ProgressStyle progress_style(bool quiet);

// Thread-compatible: called from the worker, destroyed after it.
class ProgressDisplay {
 public:
  using Clock = std::chrono::steady_clock;

  // `now` is the clock, replaceable for tests.
  ProgressDisplay(std::ostream& out,
                  ProgressStyle style,
                  std::function<Clock::time_point()> now = Clock::now);

  void update(const Progress& progress);
  void update(const PullProgress& progress);
  // Removes the redrawn line, so that other text can follow.
  void finish();

 private:
  // Draws what `line` returns, if it is time for it.
  void draw(std::string_view stage, double fraction, const std::function<std::string()>& line);
  std::string line(const Progress& progress) const;
  std::string time_left(double fraction) const;

  std::ostream& out_;
  ProgressStyle style_;
  std::function<Clock::time_point()> now_;
  std::string stage_;
  Clock::time_point stage_start_;
  Clock::time_point last_drawn_;
  int quarters_shown_ = 0;
  struct {
    std::string stage;
    int quarters_shown = 0;
  } interrupted_;  // what reading a network came between
  bool line_open_ = false;
};

}  // namespace ams
