// Counts the bytes of a pull and tells its caller.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "hub/pull.h"

namespace ams {

// add() is thread-safe; the rest is confined to the thread that called pull().
class PullMeter {
 public:
  explicit PullMeter(const PullContext& context) : context_(context) {}

  void set_total(int64_t bytes) { total_ = bytes; }
  void set_component(const std::string& name) { component_ = name; }
  // Bytes that are there without the network having brought them.
  void add_present(int64_t bytes) { present_ += bytes; }
  // Bytes that came; negative when they turned out to be of no use.
  void add(int64_t bytes) {
    fetched_ += bytes;
    if (bytes > 0) received_ += bytes;
  }
  // Everything that came, of use or not.
  int64_t received() const { return received_; }

  // Calls the callback, at most about ten times a second unless the phase is new.
  void report(PullPhase phase);

 private:
  using Clock = std::chrono::steady_clock;
  double speed(Clock::time_point now);

  const PullContext& context_;
  std::atomic<int64_t> fetched_ = 0;
  std::atomic<int64_t> received_ = 0;
  int64_t present_ = 0;
  int64_t total_ = 0;
  std::string component_;
  PullPhase phase_ = PullPhase::Listing;
  Clock::time_point reported_at_{};
  std::deque<std::pair<Clock::time_point, int64_t>> samples_;  // of the last seconds
};

}  // namespace ams
