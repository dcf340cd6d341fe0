#include "api/metadata_json.h"

#include <chrono>
#include <ctime>
#include <iomanip>
#include <iterator>
#include <optional>
#include <random>
#include <sstream>
#include <string_view>

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

// What the user asked for.
void add_request(Json& document, const GenerateRequest& request) {
  document.set("mode", "generate");
  document.set("prompt", request.prompt);
  document.set("instrumental", request.instrumental);
  document.set("duration_s", request.duration_seconds);
  document.set("mode_params", Json::object());
  document.set("estimated_duration_s", estimate_seconds(request));
  if (request.lyrics.empty()) return;
  document.set("lyrics_first_line", request.lyrics.substr(0, request.lyrics.find('\n')));
  document.set("lyrics_sha256", sha256_of(request.lyrics));
}

// How the engine made it.
void add_report(Json& document, const GenerateRequest& request, const SongReport& report) {
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
  document.set("loras", Json::array());
  document.set("ignored_params", list(report.ignored_params));
  document.set("load_seconds", report.load_seconds);
  document.set("wall_seconds", report.wall_seconds);
}

}  // namespace

Json song_metadata_json(const GenerateRequest& request,
                        const SongReport& report,
                        const SongFile& file,
                        const JobFacts& job) {
  Json document = Json::object();
  document.set("schema", "ams.meta/1");
  document.set("job_id", job.job_id);
  document.set("created_at", job.created_at);
  add_request(document, request);
  add_report(document, request, report);

  std::vector<std::string> warnings = job.warnings;
  warnings.insert(warnings.end(), report.warnings.begin(), report.warnings.end());
  document.set("warnings", list(warnings));
  document.set("audio", audio_json(file));
  document.set("output_sha256", file.sha256);
  document.set("queue_seconds", job.queue_seconds);
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
