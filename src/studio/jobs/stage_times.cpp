#include "studio/jobs/stage_times.h"

#include <algorithm>
#include <array>

#include "studio/jobs/time_budget.h"

namespace ams {
namespace {

// In the order in which a job passes them; loading is not foreseen.
constexpr std::array kStages{
    Stage::Planner, Stage::Encoding, Stage::Diffusion, Stage::Decoding, Stage::Saving};

constexpr double kUsualSteps = 27;
constexpr double kNewest = 0.5;  // weight of the latest job
constexpr double kMeaningfulFraction = 0.05;

double work_of(const JobRequest& request, Stage stage) {
  if (const auto* lyrics = std::get_if<LyricsRequest>(&request)) {
    return static_cast<double>(lyrics->max_new_tokens);
  }
  const auto* song = std::get_if<SongRequest>(&request);
  if (song == nullptr) return 1.0;
  const double seconds = std::max(1.0, new_audio_seconds(request));
  if (stage != Stage::Diffusion) return seconds;
  const auto& steps = controls_of(*song).advanced.inference_steps;
  return seconds * (steps ? static_cast<double>(*steps) : kUsualSteps);
}

}  // namespace

void StageTimes::record(const JobRequest& request, const StageSeconds& seconds) {
  const std::lock_guard lock(mutex_);
  StageSeconds& rates = rates_[std::string(mode_of(request))];
  for (const auto& [stage, duration] : seconds) {
    const double rate = duration / work_of(request, stage);
    const auto [old, is_new] = rates.try_emplace(stage, rate);
    if (!is_new) old->second += kNewest * (rate - old->second);
  }
}

std::optional<double> StageTimes::expected_locked(const JobRequest& request, Stage stage) const {
  const auto rates = rates_.find(std::string(mode_of(request)));
  if (rates == rates_.end()) return std::nullopt;
  const auto rate = rates->second.find(stage);
  return rate == rates->second.end() ? 0.0 : rate->second * work_of(request, stage);
}

std::optional<double> StageTimes::whole(const JobRequest& request) const {
  const std::lock_guard lock(mutex_);
  double sum = 0;
  for (const Stage stage : kStages) {
    const auto seconds = expected_locked(request, stage);
    if (!seconds) return std::nullopt;
    sum += *seconds;
  }
  return sum;
}

std::optional<double> StageTimes::remaining(const JobRequest& request,
                                            Stage stage,
                                            std::optional<double> fraction,
                                            double elapsed) const {
  const std::lock_guard lock(mutex_);
  const auto expected = expected_locked(request, stage);
  if (!expected) return std::nullopt;
  double sum = std::max(0.0, *expected - elapsed);
  if (fraction && *fraction >= kMeaningfulFraction) sum = elapsed / *fraction * (1.0 - *fraction);
  for (const Stage later : kStages) {
    if (later > stage) sum += expected_locked(request, later).value_or(0.0);
  }
  return sum;
}

}  // namespace ams
