#include "studio/jobs/stage_reporter.h"

#include <algorithm>
#include <utility>

#include "base/str.h"

namespace ams {
namespace {

constexpr std::chrono::milliseconds kPause{250};
constexpr std::chrono::milliseconds kDownloadPause{1000};  // downloads may take hours
constexpr size_t kLongestMessage = 200;                    // bytes

// Engines pass pieces of a model's own text, which may be anything.
std::string shown(std::string_view message) {
  return message.size() <= kLongestMessage && is_utf8(message) ? std::string(message)
                                                               : std::string();
}

}  // namespace

StageReporter::StageReporter(Job& job, const Clock& clock, const StageTimes& times)
    : job_(job), clock_(clock), times_(times) {}

void StageReporter::report(const Progress& progress) {
  const std::optional<Stage> stage = stage_of_progress(progress.stage);
  if (!stage) return;
  StageEvent event;
  event.stage = *stage;
  event.step = progress.step;
  event.total = progress.total;
  if (progress.total > 0 || progress.fraction > 0) {
    event.fraction = std::clamp(progress.fraction, 0.0, 1.0);
  }
  event.message = shown(progress.message);
  emit(std::move(event), kPause, progress.total > 0 && progress.step == progress.total);
}

void StageReporter::enter(Stage stage, std::string_view message) {
  StageEvent event;
  event.stage = stage;
  event.message = shown(message);
  emit(std::move(event), kPause, /*is_last_step=*/false);
}

void StageReporter::report(const DownloadProgress& progress) {
  StageEvent event;
  event.stage = Stage::Downloading;
  event.message = shown(progress.component);
  Transfer transfer{.bytes = progress.bytes, .total = progress.total, .bytes_per_second = {}};
  if (progress.bytes_per_second > 0) transfer.bytes_per_second = progress.bytes_per_second;
  if (progress.total > 0) {
    event.fraction = std::clamp(
        static_cast<double>(progress.bytes) / static_cast<double>(progress.total), 0.0, 1.0);
  }
  event.transfer = transfer;
  const JobKind kind = job_.kind();
  if (kind == JobKind::Download || kind == JobKind::Lora) event.eta_seconds = progress.seconds_left;
  const bool was_downloaded = is_downloaded_;
  is_downloaded_ = progress.total > 0 && progress.bytes >= progress.total;
  emit(std::move(event), kDownloadPause, is_downloaded_ && !was_downloaded);
}

void StageReporter::emit(StageEvent event, std::chrono::milliseconds pause, bool is_last_step) {
  const Clock::TimePoint now = clock_.now();
  const bool is_new = stage_ != event.stage;
  if (is_new) {
    finish();
    stage_ = event.stage;
    entered_ = now;
  }
  if (!is_new && !is_last_step && now - emitted_ < pause) return;
  emitted_ = now;
  event.elapsed_seconds = job_.elapsed_seconds();
  if (!event.eta_seconds) {
    event.eta_seconds = times_.remaining(
        job_.request(), event.stage, event.fraction, seconds_between(entered_, now));
  }
  job_.emit(std::move(event));
}

const StageSeconds& StageReporter::finish() {
  if (stage_) seconds_[*stage_] += seconds_between(entered_, clock_.now());
  stage_.reset();
  return seconds_;
}

}  // namespace ams
