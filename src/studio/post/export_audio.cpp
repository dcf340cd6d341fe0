#include "studio/post/export_audio.h"

#include <cmath>
#include <string>
#include <system_error>

#include "audio/decode.h"
#include "audio/encode.h"
#include "audio/level.h"
#include "base/text_file.h"
#include "studio/post/post_source.h"
#include "studio/post/write_audio.h"

namespace ams {
namespace {

constexpr double kRescuedPeakDbfs = -1.0;
constexpr int64_t kOpusRate = 48000;
constexpr int64_t kMp3Rate = 44100;

void replace(std::string& text, const std::string& by) {
  if (!by.empty()) text = by;
}

// The source's tags under those of the request.
AudioTags combined(AudioTags tags, const AudioTags& by) {
  replace(tags.title, by.title);
  replace(tags.artist, by.artist);
  replace(tags.software, by.software);
  replace(tags.comment, by.comment);
  replace(tags.lyrics, by.lyrics);
  replace(tags.language, by.language);
  replace(tags.key_scale, by.key_scale);
  replace(tags.request_json, by.request_json);
  if (by.bpm) tags.bpm = by.bpm;
  if (by.year) tags.year = by.year;
  for (const auto& [key, value] : by.user) tags.user[key] = value;
  return writable_tags(std::move(tags));
}

// What more than full scale cannot hold is scaled, not clipped. Returns the gain in dB.
double fit_full_scale(AudioBuffer& audio, AudioFormat format) {
  if (format == AudioFormat::Wav32Float || peak_amplitude(audio) <= 1.0f) return 0.0;
  return amplitude_to_db(static_cast<double>(normalise_peak(audio, kRescuedPeakDbfs)));
}

int64_t rate_of_file(const ExportRequest& request, AudioFormat format, int64_t source_rate) {
  if (format == AudioFormat::Opus) return kOpusRate;
  return request.sample_rate.value_or(format == AudioFormat::Mp3 ? kMp3Rate : source_rate);
}

}  // namespace

Fields fields(ExportRequest& request) {
  return {
      {.name = "format",
       .flag = "--format",
       .member = EnumMember(&request.format),
       .choices = export_format_names(),
       .help = "Format of the file; auto: by its ending, .wav with 16 bits",
       .label = "Format"},
      {.name = "sample_rate",
       .flag = "--sample-rate",
       .member = &request.sample_rate,
       .range = {8000, 192000},
       .unit = "Hz",
       .when_absent = "MP3 44100, Opus 48000, else the source's",
       .help = "Samples per second of the file",
       .label = "Sample rate"},
      {.name = "bit_rate",
       .flag = "--bit-rate",
       .member = &request.bit_rate,
       .range = {6000, 510000},
       .unit = "bit/s",
       .when_absent = "MP3 320000, Opus 192000",
       .help = "Bits per second of MP3 and Opus",
       .label = "Bit rate"},
      {.name = "title",
       .flag = "--title",
       .member = &request.tags.title,
       .range = {0, 512},
       .help = "Title in the file's tags; without it the source's",
       .label = "Title"},
      {.name = "artist",
       .flag = "--artist",
       .member = &request.tags.artist,
       .range = {0, 512},
       .help = "Artist in the file's tags; without it the source's",
       .label = "Artist"},
  };
}

ExportReport export_audio(const ExportRequest& asked, const JobContext& job) {
  ExportRequest request = asked;
  check_ranges(fields(request));
  ExportReport report;
  report.format = resolve_format(request.format, request.target);
  require_other_file(request.source, request.target);
  require_writable(request.target);
  DecodedAudio decoded = read_post_source(request.source, job);
  report.gain_db = fit_full_scale(decoded.audio, report.format);
  report.sample_rate = rate_of_file(request, report.format, decoded.audio.sample_rate);
  report.tags = combined(decoded.source.tags, request.tags);
  if (report.format == AudioFormat::Mp3) {
    decoded.audio = to_stereo(decoded.audio);
    // ID3 has a field for the length in milliseconds.
    report.tags.user["TLEN"] = std::to_string(std::llround(decoded.audio.seconds() * 1000.0));
  }

  EncodeOptions options;
  options.format = report.format;
  options.sample_rate = report.sample_rate;
  options.bit_rate = request.bit_rate;
  options.tags = report.tags;
  write_audio(request.target, decoded.audio, options, job);
  report.target = request.target;
  report.channels = decoded.audio.channels();
  report.duration_seconds = decoded.audio.seconds();
  std::error_code ignored;
  report.bytes = static_cast<int64_t>(std::filesystem::file_size(request.target, ignored));
  return report;
}

}  // namespace ams
