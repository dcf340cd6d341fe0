#include "api/result_json.h"

#include <optional>

#include "api/job_json.h"
#include "base/str.h"
#include "studio/jobs/clock.h"

namespace ams {
namespace {

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json numbers(const std::vector<double>& values) {
  Json array = Json::array();
  for (const double value : values) array.push_back(value);
  return array;
}

Json peaks_json(const Peaks& peaks) {
  Json object = Json::object();
  object.set("min", numbers(peaks.min));
  object.set("max", numbers(peaks.max));
  return object;
}

Json file_json(const ResultFile& file) {
  Json object = Json::object();
  object.set("role", file_role_name(file.role));
  object.set("url", file_url(file.file_id));
  object.set("mime", file.mime);
  object.set("bytes", file.bytes);
  object.set("duration_s", or_null(file.duration_seconds));
  object.set("peaks", file.peaks ? peaks_json(*file.peaks) : Json());
  object.set("lufs", or_null(file.lufs));
  return object;
}

Json segment_json(const std::optional<Segment>& segment) {
  if (!segment) return {};
  Json object = Json::object();
  object.set("start_s", segment->start_seconds);
  object.set("end_s", segment->end_seconds);
  return object;
}

}  // namespace

std::string file_url(const std::string& file_id) { return str("/files/", file_id); }

Json result_json(const ResultView& result) {
  Json files = Json::array();
  for (const ResultFile& file : result.files) files.push_back(file_json(file));
  Json object = Json::object();
  object.set("id", result.id);
  object.set("job_id", result.job_id);
  object.set("mode", result.mode);
  object.set("label", result.label);
  object.set("created_at", utc_text(result.created_at));
  object.set("expires_at", utc_text(result.expires_at));
  object.set("duration_s", result.duration_seconds);
  object.set("files", files);
  object.set("seed_end_s", or_null(result.seed_end_seconds));
  object.set("segment", segment_json(result.segment));
  object.set("text", result.text);
  object.set("request", job_request_json(result.request));
  object.set("inputs_available", result.inputs_available);
  object.set("metadata", result.metadata);
  return object;
}

Json history_json(const std::vector<HistoryItem>& items) {
  Json list = Json::array();
  for (const HistoryItem& item : items) {
    Json row = Json::object();
    row.set("result_id", item.result_id);
    row.set("mode", item.mode);
    row.set("label", item.label);
    row.set("created_at", utc_text(item.created_at));
    row.set("available", item.available);
    list.push_back(row);
  }
  Json object = Json::object();
  object.set("items", list);
  return object;
}

Json audio_upload_json(const AudioUpload& upload) {
  Json audio = Json::object();
  audio.set("container", upload.container);
  audio.set("duration_s", upload.duration_seconds);
  audio.set("sample_rate", upload.sample_rate);
  audio.set("channels", upload.channels);
  audio.set("peaks", peaks_json(upload.peaks));
  Json object = Json::object();
  object.set("id", upload.id);
  object.set("role", upload_role_name(upload.role));
  object.set("name", upload.name);
  object.set("bytes", upload.bytes);
  object.set("sha256", upload.sha256);
  object.set("url", file_url(upload.file_id));
  object.set("expires_at", utc_text(upload.expires_at));
  object.set("audio", audio);
  return object;
}

Json lora_json(const LoraView& lora) {
  Json object = Json::object();
  object.set("id", lora.id);
  object.set("name", lora.name);
  object.set("kind", lora.is_preset ? "preset" : "custom");
  object.set("default_scale", lora.default_scale);
  object.set("sha256", lora.sha256.empty() ? Json() : Json(lora.sha256));
  object.set("bytes", or_null(lora.bytes));
  object.set("rank", or_null(lora.rank));
  object.set("alpha", or_null(lora.alpha));
  object.set("state", lora_state_name(lora.state));
  return object;
}

Json lora_list_json(const LoraList& list) {
  Json presets = Json::array();
  Json custom = Json::array();
  for (const LoraView& lora : list.presets) presets.push_back(lora_json(lora));
  for (const LoraView& lora : list.custom) custom.push_back(lora_json(lora));
  Json object = Json::object();
  object.set("presets", presets);
  object.set("custom", custom);
  return object;
}

}  // namespace ams
