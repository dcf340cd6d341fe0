#include "api/server_json.h"

#include <algorithm>
#include <string>

#include "base/build_info.h"

namespace ams {
namespace {

EngineFacts facts_of(const StudioState& state, const EngineSurvey& survey) {
  return state.engine ? *state.engine : survey.facts;
}

Json queue_state_json(const StudioState& state) {
  Json queue = Json::object();
  queue.set("running", state.running);
  queue.set("waiting", state.waiting);
  queue.set("max_waiting", state.max_waiting);
  return queue;
}

}  // namespace

Json server_info_json(const StudioState& state, const EngineSurvey& survey) {
  const EngineFacts facts = facts_of(state, survey);
  Json features = Json::object();
  features.set("lyrics", state.has_lyrics);
  features.set("stems", state.has_stems);
  features.set("planner", facts.has_planner);
  Json retention = Json::object();
  retention.set("results_s", static_cast<int64_t>(state.result_lifetime.count()));
  retention.set("uploads_s", static_cast<int64_t>(state.upload_lifetime.count()));
  Json info = Json::object();
  info.set("name", "ACE Music Studio");
  info.set("version", version());
  info.set("commit", commit());
  info.set("device", facts.device);
  info.set("device_name", facts.device_name);
  info.set("precision", facts.precision);
  info.set("model", facts.model);
  info.set("state", studio_activity_name(state.activity));
  info.set("queue", queue_state_json(state));
  info.set("features", features);
  info.set("retention", retention);
  return info;
}

Json models_json(std::span<const StudioModel> models,
                 std::span<const DownloadOffer> offers,
                 const StudioState& state,
                 const EngineSurvey& survey) {
  const std::string selected = facts_of(state, survey).model;
  const bool is_loaded = state.engine && state.engine->weight_bytes > 0;
  Json list = Json::array();
  const auto add = [&](const StudioModel& model, bool is_here, bool is_offered) {
    const bool is_selected =
        model.kind == "song" && model.name == selected && model.is_test == survey.is_test_model;
    Json row = Json::object();
    row.set("name", model.name);
    row.set("kind", model.kind);
    row.set("variant", model.variant);
    row.set("bytes", model.bytes);
    row.set("present", is_here);
    row.set("loaded", is_selected && is_loaded);
    row.set("selected", is_selected);
    row.set("quality", model.is_test ? "test" : model.is_built_in ? "demo" : "full");
    row.set("downloadable", is_offered);
    list.push_back(row);
  };
  const auto is_same = [](const StudioModel& model, const DownloadOffer& offer) {
    return model.kind == offer.kind && model.name == offer.name && !model.is_test;
  };
  for (const StudioModel& model : models) {
    const bool is_offered = std::any_of(
        offers.begin(), offers.end(), [&](const auto& offer) { return is_same(model, offer); });
    if (!is_offered) add(model, model.bytes > 0, false);
  }
  for (const DownloadOffer& offer : offers) {
    add({.name = offer.name, .kind = offer.kind, .variant = offer.variant, .bytes = offer.bytes},
        false,
        true);
  }
  Json object = Json::object();
  object.set("models", list);
  return object;
}

}  // namespace ams
