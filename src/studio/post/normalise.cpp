#include "studio/post/normalise.h"

#include <cmath>
#include <iomanip>
#include <sstream>
#include <utility>

#include "audio/encode.h"
#include "base/error.h"
#include "base/text_file.h"
#include "studio/post/post_source.h"
#include "studio/post/write_audio.h"

namespace ams {
namespace {

constexpr double kToleranceLu = 0.5;

// WAV files keep the depth of their source.
AudioFormat wav_like(const AudioSource& source) {
  if (source.bits == 24) return AudioFormat::Wav24;
  return source.bits >= 32 ? AudioFormat::Wav32Float : AudioFormat::Wav16;
}

AudioFormat target_format(const NormaliseRequest& request, const AudioSource& source) {
  const AudioFormat format = resolve_format(request.format, request.target);
  const bool is_free = request.format == ExportFormat::ByEnding && format == AudioFormat::Wav16;
  return is_free ? wav_like(source) : format;
}

std::filesystem::path target_of(const NormaliseRequest& request) {
  if (!request.target.empty()) return request.target;
  return normalised_name(request.source, request.loudness.integrated_lufs);
}

}  // namespace

Fields fields(NormaliseRequest& request) {
  LoudnessTarget& loudness = request.loudness;
  return {
      {.name = "target_lufs",
       .flag = "--target",
       .member = &loudness.integrated_lufs,
       .range = {-70, 0},
       .unit = "LUFS",
       .help = "Integrated loudness of the result",
       .label = "Loudness",
       .step = 0.5},
      {.name = "ceiling_dbtp",
       .flag = "--ceiling",
       .member = &loudness.ceiling_dbtp,
       .range = {-20, 0},
       .unit = "dBTP",
       .help = "Highest true peak; a look-ahead limiter holds it",
       .label = "True-peak ceiling",
       .step = 0.1},
      {.name = "format",
       .flag = "--format",
       .member = EnumMember(&request.format),
       .choices = export_format_names(),
       .help = "Format of the file; auto: by its ending, WAV as deep as the source"},
  };
}

std::filesystem::path normalised_name(const std::filesystem::path& source, double target_lufs) {
  std::string ending = source.extension().string();
  try {
    format_of_name(source);
  } catch (const Error&) {
    ending = ".wav";
  }
  std::ostringstream name;
  name << source.stem().string() << ".lufs" << std::setprecision(4) << target_lufs << ending;
  return source.parent_path() / name.str();
}

NormaliseReport normalise_file(const NormaliseRequest& asked, const JobContext& job) {
  NormaliseRequest request = asked;
  request.target = target_of(asked);
  check_ranges(fields(request));
  resolve_format(request.format, request.target);
  require_other_file(request.source, request.target);
  require_writable(request.target);
  const DecodedAudio decoded = read_post_source(request.source, job);
  report_stage(job, "loudness", 0.0);
  NormalisedAudio song = normalise_loudness(decoded.audio, request.loudness);
  report_stage(job, "loudness", 1.0);

  EncodeOptions options;
  options.format = target_format(request, decoded.source);
  options.tags = writable_tags(decoded.source.tags);
  write_audio(request.target, song.audio, options, job);
  NormaliseReport report;
  report.target = request.target;
  report.before = song.before;
  report.after = song.after;
  report.gain_db = song.gain_db;
  report.reduction_db = song.reduction_db;
  report.reaches_target =
      song.after.integrated_lufs &&
      std::abs(*song.after.integrated_lufs - request.loudness.integrated_lufs) <= kToleranceLu;
  report.duration_seconds = song.audio.seconds();
  report.sample_rate = song.audio.sample_rate;
  return report;
}

}  // namespace ams
