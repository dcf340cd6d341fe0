#include "studio/jobs/song_tools.h"

#include <utility>

#include "audio/audio_format.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/str.h"
#include "studio/post/export_audio.h"
#include "studio/post/normalise.h"

namespace ams {
namespace {

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::string media_type(AudioFormat format) {
  return std::string(audio_format_info(format).media_type);
}

class SongTools : public PostProcessor {
 public:
  explicit SongTools(StemOptions stems) : stem_options_(std::move(stems)) {}

  PostReport run(const PostTask& task, const JobContext& job) override {
    PostReport report;
    report.facts = Json::object();
    report.facts.set("kind", job_kind_name(task.kind));
    report.facts.set("source_sha256", sha256_of_file(task.source));
    switch (task.kind) {
      case JobKind::Stems:
        separate(task, job, report);
        break;
      case JobKind::Normalise:
        normalise(task, job, report);
        break;
      case JobKind::Mp3:
        convert(task, job, FileRole::Mp3, report);
        break;
      case JobKind::Flac:
        convert(task, job, FileRole::Flac, report);
        break;
      default:
        throw Error(ErrorCode::InvalidRequest,
                    str("studio: '", job_kind_name(task.kind), "' is no work on a finished song"));
    }
    return report;
  }

  size_t weight_bytes() const override { return 0; }  // on the host, where nothing is counted

 private:
  void separate(const PostTask& task, const JobContext& job, PostReport& report) {
    if (!splitter_) splitter_ = StemSplitter::open(stem_options_, job);
    StemFileRequest request;
    request.source = task.source;
    request.folder = task.folder;
    request.name = "song";
    const StemFiles made = splitter_->split_file(request, job);
    for (const StemFile& stem : made.stems) {
      const auto role = parse_file_role(stem.stem);
      if (!role) continue;  // of a model with more than the four that a result shows
      report.files.push_back(
          {*role, stem.path, media_type(AudioFormat::Wav16), made.duration_seconds, {}});
    }
    if (made.zip)
      report.files.push_back({FileRole::StemsZip, *made.zip, "application/zip", {}, {}});
    report.facts.set("model", made.model);
    report.facts.set("residual_db", or_null(made.residual_db));
  }

  static void normalise(const PostTask& task, const JobContext& job, PostReport& report) {
    NormaliseRequest request;
    request.source = task.source;
    request.target = task.folder / "normalised.wav";
    const NormaliseReport made = normalise_file(request, job);
    report.files.push_back({FileRole::Normalised,
                            made.target,
                            media_type(AudioFormat::Wav16),
                            made.duration_seconds,
                            made.after.integrated_lufs});
    report.facts.set("lufs_before", or_null(made.before.integrated_lufs));
    report.facts.set("lufs_after", or_null(made.after.integrated_lufs));
    report.facts.set("gain_db", made.gain_db);
    report.facts.set("reduction_db", made.reduction_db);
    if (!made.reaches_target) {
      report.warnings.emplace_back(
          "the song stays below -14 LUFS, because its peaks leave no room for more");
    }
  }

  static void convert(const PostTask& task,
                      const JobContext& job,
                      FileRole role,
                      PostReport& report) {
    ExportRequest request;
    request.source = task.source;
    request.target = task.folder / (role == FileRole::Mp3 ? "song.mp3" : "song.flac");
    const ExportReport made = export_audio(request, job);
    report.files.push_back({role, made.target, media_type(made.format), made.duration_seconds, {}});
    report.facts.set("sample_rate", made.sample_rate);
  }

  const StemOptions stem_options_;
  std::unique_ptr<StemSplitter> splitter_;
};

}  // namespace

std::unique_ptr<PostProcessor> open_song_tools(const StemOptions& stems) {
  return std::make_unique<SongTools>(stems);
}

}  // namespace ams
