#include "studio/jobs/time_budget.h"

#include <algorithm>
#include <cmath>

namespace ams {
namespace {

constexpr int64_t kLeast = 60;
constexpr int64_t kMost = 300;
constexpr double kPerSecondOfAudio = 2.0;
constexpr double kUsualSegmentSeconds = 8.0;
constexpr double kMetalFactor = 2.0;

struct Length {
  double operator()(const GenerateRequest& request) const { return request.duration_seconds; }
  double operator()(const CoverRequest& request) const { return request.duration_seconds; }
  double operator()(const ExtendRequest& request) const { return request.extra_duration_seconds; }
  double operator()(const EditRequest& request) const {
    if (!request.segment_end_seconds) return kUsualSegmentSeconds;
    const double length = *request.segment_end_seconds - request.segment_start_seconds;
    return length > 0 ? length : kUsualSegmentSeconds;
  }
};

int64_t base_seconds(const JobRequest& request) {
  if (std::holds_alternative<LyricsRequest>(request)) return 15;
  const auto* song = std::get_if<SongRequest>(&request);
  return song != nullptr && std::holds_alternative<CoverRequest>(*song) ? 40 : 30;
}

int64_t budget_of(const JobRequest& request, double factor) {
  if (std::holds_alternative<std::monostate>(request)) return 0;
  const double audio = kPerSecondOfAudio * new_audio_seconds(request) * factor;
  return std::clamp(base_seconds(request) + static_cast<int64_t>(std::ceil(audio)), kLeast, kMost);
}

bool is_loading(Stage stage) { return stage == Stage::Downloading || stage == Stage::Loading; }

}  // namespace

double new_audio_seconds(const JobRequest& request) {
  const auto* song = std::get_if<SongRequest>(&request);
  return song == nullptr ? 0.0 : std::visit(Length(), *song);
}

int64_t budget_seconds(const JobRequest& request) { return budget_of(request, 1.0); }

std::optional<int64_t> enforced_budget(const JobRequest& request,
                                       BudgetRule rule,
                                       std::string_view device) {
  if (rule == BudgetRule::Off) return std::nullopt;
  if (rule == BudgetRule::Automatic && device == "cpu") return std::nullopt;
  return budget_of(request, device == "metal" ? kMetalFactor : 1.0);
}

ComputeTimer::ComputeTimer(const Clock& clock) : clock_(clock), last_(clock.now()) {}

void ComputeTimer::observe(Stage stage) {
  const Clock::TimePoint now = clock_.now();
  (is_loading_ ? load_seconds_ : compute_seconds_) += seconds_between(last_, now);
  last_ = now;
  is_loading_ = is_loading(stage);
  has_computed_ = has_computed_ || !is_loading_;
}

}  // namespace ams
