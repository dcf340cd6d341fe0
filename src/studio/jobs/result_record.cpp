#include "studio/jobs/result_record.h"

#include <utility>

#include "base/error.h"
#include "base/str.h"
#include "studio/jobs/clock.h"
#include "studio/jobs/random_id.h"

namespace ams {
namespace {

constexpr const char* kSchema = "ams.result/1";

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::optional<double> number_in(const Json& object, std::string_view key) {
  if (!object.contains(key) || object.at(key).is_null()) return std::nullopt;
  return object.at(key).as_double();
}

[[noreturn]] void corrupt(const std::string& what) {
  throw Error(ErrorCode::CorruptFile, str("studio: a result's document has ", what));
}

// Ids and names become parts of paths, so they must look like ours.
std::string plain_word(const Json& object, std::string_view key) {
  const std::string word = object.at(key).as_string();
  const bool is_plain =
      !word.empty() && word.size() <= 128 && word.front() != '.' &&
      word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.-") == std::string::npos;
  if (!is_plain) corrupt(str("the unusable ", key, " of ", word.size(), " characters"));
  return word;
}

Json numbers_json(const std::vector<double>& numbers) {
  Json array = Json::array();
  for (const double number : numbers) array.push_back(number);
  return array;
}

std::vector<double> numbers_in(const Json& array) {
  std::vector<double> numbers;
  for (int64_t i = 0; i < array.size(); ++i) numbers.push_back(array.at(i).as_double());
  return numbers;
}

Json file_json(const ResultFile& file, const std::string& name) {
  Json object = Json::object();
  object.set("role", file_role_name(file.role));
  object.set("id", file.file_id);
  object.set("name", name);
  object.set("mime", file.mime);
  object.set("bytes", file.bytes);
  object.set("duration_s", or_null(file.duration_seconds));
  object.set("lufs", or_null(file.lufs));
  if (file.peaks) {
    Json peaks = Json::object();
    peaks.set("min", numbers_json(file.peaks->min));
    peaks.set("max", numbers_json(file.peaks->max));
    object.set("peaks", peaks);
  }
  return object;
}

ResultFile read_file(const Json& object) {
  ResultFile file;
  const auto role = parse_file_role(object.at("role").as_string());
  if (!role) corrupt("a file of unknown role");
  file.role = *role;
  file.file_id = plain_word(object, "id");
  file.mime = object.at("mime").as_string();
  file.bytes = object.at("bytes").as_int();
  file.duration_seconds = number_in(object, "duration_s");
  file.lufs = number_in(object, "lufs");
  if (object.contains("peaks")) {
    const Json peaks = object.at("peaks");
    file.peaks = Peaks{numbers_in(peaks.at("min")), numbers_in(peaks.at("max"))};
    if (file.peaks->min.size() != file.peaks->max.size()) corrupt("uneven peaks");
  }
  return file;
}

Json segment_json(const std::optional<Segment>& segment) {
  if (!segment) return nullptr;
  Json object = Json::object();
  object.set("start_s", segment->start_seconds);
  object.set("end_s", segment->end_seconds);
  return object;
}

JobRequest read_request(const Json& studio, const StudioDocuments& documents) {
  try {
    return documents.parse_request(studio.at("request"));
  } catch (const Error&) {
    return std::monostate{};  // of another version; the song is worth more
  }
}

ResultRecord read_record(const Json& document, const StudioDocuments& documents) {
  const Json studio = document.at("studio");
  ResultRecord record;
  record.session = studio.at("session").as_string();
  if (!is_session_id(record.session)) corrupt("a malformed session");
  record.last_event = studio.at("last_event").as_int();
  ResultView& view = record.view;
  view.metadata = document.at("metadata");
  view.id = plain_word(studio, "id");
  view.job_id = plain_word(studio, "job_id");
  view.mode = studio.at("mode").as_string();
  view.label = studio.at("label").as_string();
  view.created_at = parse_utc(studio.at("created_at").as_string());
  view.duration_seconds = studio.at("duration_s").as_double();
  view.seed_end_seconds = number_in(studio, "seed_end_s");
  if (studio.at("segment").is_object()) {
    const Json segment = studio.at("segment");
    view.segment = Segment{segment.at("start_s").as_double(), segment.at("end_s").as_double()};
  }
  view.text = studio.at("text").as_string();
  view.request = read_request(studio, documents);
  const Json files = studio.at("files");
  for (int64_t i = 0; i < files.size(); ++i) {
    view.files.push_back(read_file(files.at(i)));
    const std::string name = plain_word(files.at(i), "name");
    if (name.compare(0, view.id.size() + 1, view.id + ".") != 0) corrupt("another result's file");
    const std::string& file_id = view.files.back().file_id;
    record.names[file_id] = name;
    const auto source = parse_file_role(files.at(i).get("source", ""));
    if (source) record.sources[file_id] = *source;
  }
  return record;
}

}  // namespace

std::string result_file_name(const std::string& id, FileRole role, FileRole source) {
  const std::string stem = source == FileRole::Normalised ? id + ".lufs-14" : id;
  switch (role) {
    case FileRole::Song:
      return id + ".wav";
    case FileRole::Normalised:
      return id + ".lufs-14.wav";
    case FileRole::Mp3:
      return stem + ".mp3";
    case FileRole::Flac:
      return stem + ".flac";
    case FileRole::StemsZip:
      return stem + ".stems.zip";
    default:
      return str(stem, ".", file_role_name(role), ".wav");
  }
}

std::string input_file_name(const std::string& id, std::string_view container) {
  return str(id, ".input.", container);
}

Json write_result_document(const ResultRecord& record, const StudioDocuments& documents) {
  const ResultView& view = record.view;
  Json studio = Json::object();
  studio.set("session", record.session);
  studio.set("last_event", record.last_event);
  studio.set("id", view.id);
  studio.set("job_id", view.job_id);
  studio.set("mode", view.mode);
  studio.set("label", view.label);
  studio.set("created_at", utc_text(view.created_at));
  studio.set("duration_s", view.duration_seconds);
  studio.set("seed_end_s", or_null(view.seed_end_seconds));
  studio.set("segment", segment_json(view.segment));
  studio.set("text", view.text);
  studio.set("request", documents.request(view.request));
  Json files = Json::array();
  for (const ResultFile& file : view.files) {
    Json object = file_json(file, record.names.at(file.file_id));
    const auto source = record.sources.find(file.file_id);
    if (source != record.sources.end()) object.set("source", file_role_name(source->second));
    files.push_back(object);
  }
  studio.set("files", files);
  Json document = Json::object();
  document.set("schema", kSchema);
  document.set("metadata", view.metadata);
  document.set("studio", studio);
  return document;
}

ResultRecord read_result_document(const Json& document, const StudioDocuments& documents) {
  return read_file_values("studio: a result's document", [&] {
    if (document.at("schema").as_string() != kSchema) corrupt("another schema");
    return read_record(document, documents);
  });
}

}  // namespace ams
