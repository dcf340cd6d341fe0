#include "studio/models/memory_plan.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iomanip>
#include <sstream>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr double kMebibyte = 1024.0 * 1024.0;
constexpr double kGibibyte = 1024.0 * kMebibyte;
constexpr std::array<std::string_view, kNumSongNetworks> kNetworkNames{
    "text encoder", "song model", "audio codec", "planner"};

// Weights in memory while `stage` runs.
size_t resident_weights(const MemoryNeeds& needs,
                        const MemoryMeasures& measures,
                        SongNetwork network) {
  if (measures.keeps_one_network) return needs.weights[static_cast<size_t>(network)];
  const bool is_planner = network == SongNetwork::Planner;
  size_t bytes = 0;
  for (size_t i = 0; i < kNumSongNetworks; ++i) {
    const bool other_is_planner = i == static_cast<size_t>(SongNetwork::Planner);
    if (measures.drops_planner && other_is_planner != is_planner) continue;
    bytes += needs.weights[i];
  }
  return bytes;
}

MemoryPlan plan_under(const MemoryMeasures& measures,
                      const MemoryBudget& budget,
                      const MeasureNeeds& measure) {
  const MemoryNeeds needs = measure(measures);
  MemoryPlan plan;
  plan.measures = measures;
  plan.available = budget.bytes;
  for (const StageNeeds& stage : needs.stages) {
    PlannedStage planned;
    planned.name = stage.name;
    planned.weights = resident_weights(needs, measures, stage.network);
    planned.buffers = stage.buffers + needs.scratch;
    planned.host = budget.counts_host ? stage.host + needs.program : 0;
    plan.stages.push_back(std::move(planned));
  }
  plan.fits = plan.peak() <= budget.bytes;
  return plan;
}

// The measures in their order; each changes one thing.
std::vector<std::function<void(MemoryMeasures&)>> ladder(const MemoryBudget& budget) {
  std::vector<std::function<void(MemoryMeasures&)>> steps{
      [](MemoryMeasures& m) { m.drops_planner = true; },
      [](MemoryMeasures& m) { m.keeps_one_network = true; },
      [](MemoryMeasures& m) { m.small_tiles = true; },
      [](MemoryMeasures& m) { m.splits_guidance = true; }};
  if (!budget.may_quantise) return steps;
  for (const Precision precision :
       {Precision::Q8_0, Precision::Q6_K, Precision::Q5_K, Precision::Q4_K}) {
    steps.emplace_back([precision](MemoryMeasures& m) { m.precision = precision; });
  }
  return steps;
}

// Undoes what a later measure has made needless, the dearest first: with quantised weights the
// networks may all stay.
MemoryPlan without_needless(MemoryPlan plan,
                            const MemoryBudget& budget,
                            const MeasureNeeds& measure) {
  for (bool MemoryMeasures::*each : {&MemoryMeasures::keeps_one_network,
                                     &MemoryMeasures::drops_planner,
                                     &MemoryMeasures::splits_guidance,
                                     &MemoryMeasures::small_tiles}) {
    if (!(plan.measures.*each)) continue;
    MemoryMeasures tried = plan.measures;
    tried.*each = false;
    MemoryPlan next = plan_under(tried, budget, measure);
    if (next.fits) plan = std::move(next);
  }
  return plan;
}

const PlannedStage& largest(const MemoryPlan& plan) {
  return *std::max_element(plan.stages.begin(),
                           plan.stages.end(),
                           [](const auto& a, const auto& b) { return a.total() < b.total(); });
}

[[noreturn]] void refuse(const MemoryPlan& plan, const MemoryBudget& budget) {
  const PlannedStage& stage = largest(plan);
  throw Error(ErrorCode::OutOfMemory,
              str("memory: the song needs at least ",
                  describe_bytes(stage.total()),
                  " while ",
                  stage.name,
                  " (weights ",
                  describe_bytes(stage.weights),
                  ", buffers ",
                  describe_bytes(stage.buffers),
                  ", program ",
                  describe_bytes(stage.host),
                  "), ",
                  describe_bytes(budget.bytes),
                  " are available; ",
                  budget.may_quantise ? "" : "--quant q4_k, ",
                  "a shorter duration, a smaller model or more memory help"));
}

std::string choice_line(const MemoryPlan& plan) {
  return str("memory: ",
             describe_bytes(plan.peak()),
             " of ",
             describe_bytes(plan.available),
             plan.fits ? "; " : " (may not fit); ",
             plan.choice());
}

}  // namespace

std::string_view song_network_name(SongNetwork network) {
  return kNetworkNames[static_cast<size_t>(network)];
}

size_t MemoryPlan::peak() const { return stages.empty() ? 0 : largest(*this).total(); }

std::string MemoryPlan::choice() const {
  std::string text(precision_info(measures.precision).name);
  text += measures.keeps_one_network ? ", one network at a time"
          : measures.drops_planner   ? ", the planner apart from the others"
                                     : ", all networks stay";
  if (measures.small_tiles) text += ", small tiles";
  if (measures.splits_guidance) text += ", guidance in two passes";
  return text;
}

std::vector<std::string> MemoryPlan::lines() const {
  std::vector<std::string> result{choice_line(*this)};
  for (const PlannedStage& stage : stages) {
    result.push_back(str("  ",
                         stage.name,
                         ": ",
                         describe_bytes(stage.total()),
                         " = weights ",
                         describe_bytes(stage.weights),
                         " + buffers ",
                         describe_bytes(stage.buffers),
                         " + program ",
                         describe_bytes(stage.host)));
  }
  return result;
}

MemoryPlan plan_memory(Precision precision,
                       const MemoryBudget& budget,
                       const MeasureNeeds& measure) {
  MemoryMeasures measures;
  measures.precision = precision;
  MemoryPlan plan = plan_under(measures, budget, measure);
  for (const auto& step : ladder(budget)) {
    if (plan.fits) break;
    MemoryMeasures tried = plan.measures;
    step(tried);
    MemoryPlan next = plan_under(tried, budget, measure);
    if (next.peak() < plan.peak()) plan = std::move(next);
  }
  if (plan.fits) return without_needless(std::move(plan), budget, measure);
  if (budget.refuses) refuse(plan, budget);
  return plan;
}

size_t parse_bytes(std::string_view text) {
  double number = 0.0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit(end, text.data() + text.size());
  std::erase(unit, ' ');
  constexpr std::string_view kUnits = "KMGT";
  double factor = 1.0;
  bool is_known = unit.empty();
  if (!unit.empty()) {
    const size_t power = kUnits.find(static_cast<char>(unit[0] & ~0x20));
    is_known = power != std::string_view::npos &&
               (unit.size() == 1 || unit.substr(1) == "B" || unit.substr(1) == "iB");
    factor = std::pow(1024.0, static_cast<double>(power) + 1.0);
  }
  const double bytes = number * factor;
  if (failure != std::errc() || !is_known || !(bytes >= kMebibyte) || bytes > 1e15) {
    throw Error(
        ErrorCode::InvalidRequest,
        str("memory limit: '",
            text,
            "' is no size, expected a number with K, M, G or T, at least 1M; for example 8G"));
  }
  return static_cast<size_t>(bytes);
}

std::string describe_bytes(size_t bytes) {
  const auto value = static_cast<double>(bytes);
  std::ostringstream text;
  text << std::fixed << std::setprecision(2);
  if (value < kGibibyte) {
    text << value / kMebibyte << " MiB";
  } else {
    text << value / kGibibyte << " GiB";
  }
  return text.str();
}

}  // namespace ams
