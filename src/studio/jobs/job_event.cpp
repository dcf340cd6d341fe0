#include "studio/jobs/job_event.h"

#include <array>

namespace ams {
namespace {

constexpr std::array<std::string_view, 8> kStageNames{
    "downloading", "loading", "planner", "encoding", "diffusion", "decoding", "saving", "post"};

struct KindName {
  std::string_view operator()(const QueuedEvent&) const { return "queued"; }
  std::string_view operator()(const StageEvent& event) const { return stage_name(event.stage); }
  std::string_view operator()(const PlanEvent&) const { return "plan"; }
  std::string_view operator()(const TextEvent&) const { return "text"; }
  std::string_view operator()(const WarningEvent&) const { return "warning"; }
  std::string_view operator()(const DoneEvent&) const { return "done"; }
  std::string_view operator()(const ErrorEvent&) const { return "error"; }
  std::string_view operator()(const CancelledEvent&) const { return "cancelled"; }
  std::string_view operator()(const HeartbeatEvent&) const { return "heartbeat"; }
};

}  // namespace

std::string_view stage_name(Stage stage) { return kStageNames.at(static_cast<size_t>(stage)); }

std::optional<Stage> stage_of_progress(std::string_view name) {
  if (name == "planning") return Stage::Planner;
  // What the tools for finished songs call their steps.
  if (name == "reading" || name == "stems" || name == "loudness") return Stage::Post;
  if (name == "writing") return std::nullopt;  // a draft's text tells more
  for (size_t i = 0; i < kStageNames.size(); ++i) {
    if (kStageNames.at(i) == name) return static_cast<Stage>(i);
  }
  return std::nullopt;
}

std::string_view event_kind(const JobEvent& event) { return std::visit(KindName(), event.body); }

bool is_last_event(const JobEvent& event) {
  return std::holds_alternative<DoneEvent>(event.body) ||
         std::holds_alternative<ErrorEvent>(event.body) ||
         std::holds_alternative<CancelledEvent>(event.body);
}

}  // namespace ams
