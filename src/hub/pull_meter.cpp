#include "hub/pull_meter.h"

#include <algorithm>
#include <array>

namespace ams {
namespace {

constexpr auto kReportInterval = std::chrono::milliseconds(90);
constexpr auto kSpeedWindow = std::chrono::seconds(5);
// A shorter stretch says little about the rest.
constexpr double kMinMeasuredSeconds = 0.5;

}  // namespace

std::string_view pull_phase_name(PullPhase phase) {
  constexpr std::array<std::string_view, 4> kNames{
      "listing", "waiting", "downloading", "verifying"};
  return kNames[static_cast<size_t>(phase)];
}

void PullMeter::report(PullPhase phase) {
  const Clock::time_point now = Clock::now();
  if (phase == phase_ && now - reported_at_ < kReportInterval) return;
  phase_ = phase;
  reported_at_ = now;
  PullProgress progress;
  progress.phase = phase;
  progress.component = component_;
  progress.total = total_;
  progress.bytes = std::clamp<int64_t>(present_ + fetched_, 0, std::max<int64_t>(total_, 0));
  progress.bytes_per_second = speed(now);
  if (progress.bytes_per_second > 0) {
    progress.seconds_left =
        static_cast<double>(progress.total - progress.bytes) / progress.bytes_per_second;
  }
  context_.progress(progress);
}

double PullMeter::speed(Clock::time_point now) {
  samples_.emplace_back(now, fetched_);
  while (now - samples_.front().first > kSpeedWindow) samples_.pop_front();
  const auto& [start, bytes_at_start] = samples_.front();
  const double seconds = std::chrono::duration<double>(now - start).count();
  if (seconds < kMinMeasuredSeconds) return 0;
  return std::max(0.0, static_cast<double>(samples_.back().second - bytes_at_start) / seconds);
}

}  // namespace ams
