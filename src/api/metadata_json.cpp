#include "api/metadata_json.h"

#include <chrono>
#include <ctime>
#include <iomanip>
#include <iterator>
#include <optional>
#include <random>
#include <sstream>
#include <string_view>
#include <variant>

#include "api/request_json.h"
#include "base/build_info.h"
#include "base/fields.h"
#include "base/sha256.h"

namespace ams {
namespace {

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json list(const std::vector<std::string>& texts) {
  Json array = Json::array();
  for (const std::string& text : texts) array.push_back(text);
  return array;
}

Json app_json(const SongReport& report) {
  Json app = Json::object();
  app.set("version", version());
  app.set("commit", commit());
  app.set("device", report.device);
  app.set("device_name", report.device_name);
  app.set("precision", report.precision);
  if (report.memory) {
    Json memory = Json::object();
    memory.set("planned_bytes", static_cast<int64_t>(report.memory->peak()));
    memory.set("available_bytes", static_cast<int64_t>(report.memory->available));
    memory.set("how", report.memory->choice());
    app.set("memory", memory);
  }
  return app;
}

Json models_json(const LoadedModels& models) {
  Json object = Json::object();
  object.set("dit", models.dit);
  object.set("lm", models.lm.empty() ? Json(nullptr) : Json(models.lm));
  object.set("text_encoder", models.text_encoder);
  object.set("vae", models.vae);
  return object;
}

Json planned_json(const std::optional<PlannedSong>& planned) {
  if (!planned) return nullptr;
  Json object = Json::object();
  object.set("caption", planned->caption);
  object.set("bpm", or_null(planned->bpm));
  object.set("keyscale", planned->keyscale);
  object.set("timesignature", planned->timesignature);
  object.set("vocal_language", planned->vocal_language);
  return object;
}

Json audio_json(const SongFile& file) {
  Json audio = Json::object();
  audio.set("sample_rate", file.sample_rate);
  audio.set("channels", file.channels);
  audio.set("bits", file.bits);
  audio.set("duration_s", file.duration_seconds);
  audio.set("peak_dbfs", or_null(file.peak_dbfs));
  audio.set("integrated_lufs", or_null(file.integrated_lufs));
  return audio;
}

Json inputs_json(const std::vector<SongInput>& inputs) {
  Json array = Json::array();
  for (const SongInput& input : inputs) {
    Json object = Json::object();
    object.set("role", input.role);
    object.set("sha256", input.sha256);
    object.set("duration_s", input.duration_seconds);
    object.set("sample_rate", input.sample_rate);
    object.set("channels", input.channels);
    array.push_back(object);
  }
  return array;
}

Json loras_json(const std::vector<SongLora>& loras) {
  Json array = Json::array();
  for (const SongLora& lora : loras) {
    Json object = Json::object();
    object.set("name", lora.name);
    object.set("kind", lora.kind);
    object.set("scale", lora.scale);
    object.set("sha256", lora.sha256);
    object.set("rank", lora.rank);
    object.set("alpha", lora.alpha);
    object.set("modules_applied", lora.modules_applied);
    array.push_back(object);
  }
  return array;
}

bool is_instrumental(const SongRequest& request) {
  if (const auto* generate = std::get_if<GenerateRequest>(&request)) return generate->instrumental;
  return !std::holds_alternative<CoverRequest>(request) &&
         lyrics_of(request).find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// Extend and Edit take their length from a file.
double requested_seconds(const SongRequest& request, const SongFile& file) {
  if (const auto* generate = std::get_if<GenerateRequest>(&request)) {
    return generate->duration_seconds;
  }
  if (const auto* cover = std::get_if<CoverRequest>(&request)) return cover->duration_seconds;
  return file.duration_seconds;
}

// What the user asked for.
void add_request(Json& document, const SongRequest& request, const SongFile& file) {
  SongRequest copy = request;
  const double seconds = requested_seconds(request, file);
  document.set("mode", mode_of(request));
  if (const auto* edit = std::get_if<EditRequest>(&request)) {
    document.set("sub_mode", edit->sub_mode == EditMode::FlowEdit ? "flow_edit" : "repaint");
  }
  document.set("prompt", prompt_of(request));
  document.set("instrumental", is_instrumental(request));
  document.set("duration_s", seconds);
  document.set("mode_params", write_json(mode_fields(copy)));
  document.set("estimated_duration_s", estimate_seconds(seconds));
  const std::string_view lyrics = lyrics_of(request);
  if (lyrics.empty()) return;
  document.set("lyrics_first_line", lyrics.substr(0, lyrics.find('\n')));
  document.set("lyrics_sha256", sha256_of(lyrics));
}

// How the engine made it.
void add_report(Json& document, const SongControls& request, const SongReport& report) {
  AdvancedOptions advanced = report.advanced;
  PlannerOptions planner = request.lm;
  CorrectionRequest correction = request.dcw;
  document.set("app", app_json(report));
  document.set("models", models_json(report.models));
  document.set("seed", report.seed);
  if (report.sde_seed) document.set("sde_seed", *report.sde_seed);
  document.set("advanced", write_json(fields(advanced)).at("advanced"));
  document.set("lm", write_json(fields(planner)).at("lm"));
  document.set("dcw",
               correction.enabled ? write_json(fields(correction)).at("dcw") : Json::object());
  document.set("lm_used", report.lm_used);
  document.set("lm_result", planned_json(report.lm_result));
  if (!report.inputs.empty()) document.set("inputs", inputs_json(report.inputs));
  document.set("loras", loras_json(report.loras));
  document.set("ignored_params", list(report.ignored_params));
  document.set("wall_seconds", report.wall_seconds);
}

}  // namespace

Json resolved_request_json(const SongRequest& request, const SongReport& report) {
  SongRequest resolved = request;
  SongControls& controls = controls_of(resolved);
  controls.seed = report.seed;
  controls.sde_seed = report.sde_seed;
  controls.advanced = report.advanced;
  return song_request_json(resolved);
}

Json song_metadata_json(const SongRequest& request,
                        const SongReport& report,
                        const SongFile& file,
                        const JobFacts& job) {
  Json document = Json::object();
  document.set("schema", "ams.meta/1");
  document.set("job_id", job.job_id);
  document.set("created_at", job.created_at);
  add_request(document, request, file);
  add_report(document, controls_of(request), report);
  if (job.budget_seconds) document.set("estimated_duration_s", *job.budget_seconds);
  if (job.keeps_request) document.set("request", resolved_request_json(request, report));

  std::vector<std::string> warnings = job.warnings;
  warnings.insert(warnings.end(), report.warnings.begin(), report.warnings.end());
  document.set("warnings", list(warnings));
  document.set("audio", audio_json(file));
  document.set("output_sha256", file.sha256);
  document.set("queue_seconds", job.queue_seconds);
  document.set("load_seconds", job.load_seconds + report.load_seconds);
  document.set("attempts", job.attempts);
  return document;
}

std::string make_job_id() {
  std::random_device source;
  std::ostringstream text;
  text << std::hex << std::setfill('0') << std::setw(8) << static_cast<uint32_t>(source());
  return text.str();
}

std::string utc_timestamp() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::ostringstream text;
  text << std::put_time(&utc, "%Y-%m-%dT%H:%M:%SZ");
  return text.str();
}

}  // namespace ams
