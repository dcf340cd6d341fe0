#include "studio/jobs/song_post_processor.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/build_info.h"
#include "base/error.h"
#include "base/str.h"
#include "studio/post/export_audio.h"
#include "studio/post/normalise.h"

namespace ams {
namespace {

constexpr const char* kWav = "audio/wav";
constexpr size_t kTitleBytes = 60;

std::string text_in(const Json& object, std::string_view key) {
  const bool has_text = object.contains(key) && object.at(key).is_string();
  return has_text ? object.at(key).as_string() : "";
}

// The start of a text, cut between two characters.
std::string start_of(const std::string& text) {
  size_t end = std::min(text.size(), kTitleBytes);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  return text.substr(0, end);
}

std::string list_of_loras(const Json& metadata) {
  std::string list;
  if (!metadata.contains("loras")) return list;
  const Json loras = metadata.at("loras");
  for (int64_t i = 0; i < loras.size(); ++i) {
    list += str(list.empty() ? "" : ", ",
                text_in(loras.at(i), "name"),
                " ",
                text_in(loras.at(i), "sha256"));
  }
  return list;
}

// What the metadata document of a result says, as tags (studio.md 8.3).
AudioTags tags_of(const Json& metadata) {
  AudioTags tags;
  if (!metadata.is_object()) return tags;
  tags.title = str(text_in(metadata, "mode"), ": ", start_of(text_in(metadata, "prompt")));
  tags.artist = tags.software = str("ACE Music Studio ", version());
  const Json advanced = metadata.contains("advanced") ? metadata.at("advanced") : Json();
  const Json planned = metadata.contains("lm_result") ? metadata.at("lm_result") : Json();
  for (const Json& source : {advanced, planned}) {  // the user's word first
    if (!source.is_object()) continue;
    if (tags.key_scale.empty()) tags.key_scale = text_in(source, "keyscale");
    const std::string language = text_in(source, "vocal_language");
    if (tags.language.empty() && language != "unknown") tags.language = language;
    if (!tags.bpm && source.contains("bpm") && source.at("bpm").is_int()) {
      tags.bpm = source.at("bpm").as_int();
    }
  }
  const std::string date = text_in(metadata, "created_at");
  if (date.size() >= 4) tags.year = std::atoi(date.substr(0, 4).c_str());
  tags.user["prompt"] = text_in(metadata, "prompt");
  tags.user["job"] = text_in(metadata, "job_id");
  if (metadata.contains("seed")) tags.user["seed"] = metadata.at("seed").dump();
  if (metadata.contains("models")) tags.user["models"] = metadata.at("models").dump();
  if (const std::string loras = list_of_loras(metadata); !loras.empty()) tags.user["loras"] = loras;
  return tags;
}

PostReport export_as(const PostTask& task, const JobContext& job) {
  const bool is_mp3 = task.kind == JobKind::Mp3;
  ExportRequest request;
  request.source = task.source;
  request.target = task.folder / (is_mp3 ? "song.mp3" : "song.flac");
  request.tags = tags_of(task.metadata);
  const ExportReport made = export_audio(request, job);
  PostFile file;
  file.role = is_mp3 ? FileRole::Mp3 : FileRole::Flac;
  file.path = made.target;
  file.mime = is_mp3 ? "audio/mpeg" : "audio/flac";
  file.duration_seconds = made.duration_seconds;
  PostReport report;
  report.files = {file};
  report.facts = Json::object();
  report.facts.set("kind", is_mp3 ? "mp3" : "flac");
  report.facts.set("sample_rate", made.sample_rate);
  report.facts.set("gain_db", made.gain_db);
  return report;
}

Json number_or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

PostReport normalise(const PostTask& task, const JobContext& job) {
  NormaliseRequest request;
  request.source = task.source;
  request.target = task.folder / "song.lufs-14.wav";
  const NormaliseReport made = normalise_file(request, job);
  PostFile file;
  file.role = FileRole::Normalised;
  file.path = made.target;
  file.mime = kWav;
  file.duration_seconds = made.duration_seconds;
  file.lufs = made.after.integrated_lufs;
  PostReport report;
  report.files = {file};
  report.facts = Json::object();
  report.facts.set("kind", "normalise");
  report.facts.set("before_lufs", number_or_null(made.before.integrated_lufs));
  report.facts.set("after_lufs", number_or_null(made.after.integrated_lufs));
  report.facts.set("gain_db", made.gain_db);
  if (!made.reaches_target) {
    report.warnings.emplace_back(
        "the song is not as loud as -14 LUFS: more would push its peaks over -1 dBTP");
  }
  return report;
}

}  // namespace

size_t SongPostProcessor::weight_bytes() const {
  constexpr size_t kHtdemucsBytes = 170'000'000;  // 42 million numbers as fp32
  return splitter_ ? kHtdemucsBytes : 0;
}

void SongPostProcessor::preload(const JobContext& job) {
  if (!splitter_) splitter_ = StemSplitter::open(stem_options_, job);
}

PostReport SongPostProcessor::separate(const PostTask& task, const JobContext& job) {
  preload(job);
  StemFileRequest request;
  request.source = task.source;
  request.folder = task.folder;
  request.name = "song";
  const StemFiles made = splitter_->split_file(request, job);
  PostReport report;
  for (const StemFile& stem : made.stems) {
    const auto role = parse_file_role(stem.stem);
    if (!role) continue;  // only models of six stems have more
    PostFile file;
    file.role = *role;
    file.path = stem.path;
    file.mime = kWav;
    file.duration_seconds = made.duration_seconds;
    report.files.push_back(file);
  }
  if (made.zip) {
    PostFile file;
    file.role = FileRole::StemsZip;
    file.path = *made.zip;
    file.mime = "application/zip";
    report.files.push_back(file);
  }
  report.facts = Json::object();
  report.facts.set("kind", "stems");
  report.facts.set("model", made.model);
  report.facts.set("residual_db", number_or_null(made.residual_db));
  return report;
}

PostReport SongPostProcessor::run(const PostTask& task, const JobContext& job) {
  switch (task.kind) {
    case JobKind::Stems:
      return separate(task, job);
    case JobKind::Normalise:
      return normalise(task, job);
    case JobKind::Mp3:
    case JobKind::Flac:
      return export_as(task, job);
    default:
      throw Error(ErrorCode::InvalidRequest,
                  str("post: '", job_kind_name(task.kind), "' is not made of a song"));
  }
}

}  // namespace ams
