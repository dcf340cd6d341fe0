#include "audio/demuxer.h"

#include <algorithm>
#include <cmath>

#include "audio/tag_dictionary.h"
#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr const char* kDemuxers = "wav,flac,ogg,mov,mp4,m4a,matroska,webm,mp3,aac";
constexpr const char* kAccepted = "WAV, MP3, FLAC, Ogg (Opus, Vorbis), M4A/AAC and WebM";

// Playlists inside containers would otherwise open other files.
int refuse_second_file(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

bool is_encrypted(const AVStream& stream) {
  const uint32_t tag = stream.codecpar->codec_tag;
  if (tag == MKTAG('d', 'r', 'm', 's') || tag == MKTAG('e', 'n', 'c', 'a')) return true;
  for (int i = 0; i < stream.nb_side_data; ++i) {
    if (stream.side_data[i].type == AV_PKT_DATA_ENCRYPTION_INIT_INFO) return true;
  }
  return false;
}

bool is_lossless(const AVCodecParameters& parameters) {
  const AVCodecDescriptor* codec = avcodec_descriptor_get(parameters.codec_id);
  return codec != nullptr && (codec->props & AV_CODEC_PROP_LOSSY) == 0;
}

}  // namespace

void check_seconds(double seconds, const DecodeOptions& options, const std::string& name) {
  if (seconds <= options.max_seconds) return;
  throw Error(ErrorCode::Unsupported,
              str("audio: '",
                  name,
                  "' lasts ",
                  std::round(seconds * 10.0) / 10.0,
                  " s or more, at most ",
                  options.max_seconds,
                  " s are allowed; cut it first"));
}

Demuxer::Demuxer(MediaInput& input, const DecodeOptions& options)
    : input_(input), options_(options) {
  silence_ffmpeg_log();
  if (input.size() > options.max_bytes) {
    throw Error(ErrorCode::Unsupported,
                str("audio: '",
                    input.name(),
                    "' has ",
                    input.size(),
                    " bytes, at most ",
                    options.max_bytes,
                    " are allowed"));
  }
  container_ = sniff_container(input);
  if (container_.demuxer.empty()) {
    throw Error(
        input.size() == 0 ? ErrorCode::CorruptFile : ErrorCode::Unsupported,
        str("audio: '", input.name(), "' is ", container_.label, "; accepted are ", kAccepted));
  }
  require_complete_container(input, container_);
  open();
  choose_stream();
  describe();
  check_limits();
}

void Demuxer::open() {
  AVFormatContext* context = avformat_alloc_context();
  if (context == nullptr) throw Error(ErrorCode::OutOfMemory, "audio: no memory for a demuxer");
  context->pb = input_.io();
  context->flags |= AVFMT_FLAG_CUSTOM_IO;
  context->io_open = refuse_second_file;
  AvDictionary options;
  options.set("format_whitelist", kDemuxers);
  options.set("codec_whitelist", kAllowedCodecs);
  options.set("protocol_whitelist", "none");
  options.set("max_streams", "16");
  const AVInputFormat* format = av_find_input_format(container_.demuxer.c_str());
  // avformat_open_input frees the context when it does not succeed.
  int result = avformat_open_input(&context, "", format, options.address());
  if (result < 0) {
    throw Error(ErrorCode::CorruptFile,
                str("audio: '",
                    input_.name(),
                    "' has an unreadable ",
                    container_.label,
                    " header (",
                    av_message(result),
                    "); the file is damaged or cut off"));
  }
  context_.reset(context);
  note_stated_duration();
  result = avformat_find_stream_info(context_.get(), nullptr);
  if (result < 0) {
    throw Error(ErrorCode::CorruptFile,
                str("audio: '",
                    input_.name(),
                    "' has no readable streams (",
                    av_message(result),
                    "); the file is damaged or cut off"));
  }
}

// Read before avformat_find_stream_info, which replaces missing durations by estimates.
void Demuxer::note_stated_duration() {
  for (unsigned i = 0; i < context_->nb_streams; ++i) {
    const AVStream& stream = *context_->streams[i];
    if (stream.codecpar->codec_type != AVMEDIA_TYPE_AUDIO) continue;
    if (stream.duration != AV_NOPTS_VALUE && stream.duration > 0) {
      stated_seconds_ = static_cast<double>(stream.duration) * av_q2d(stream.time_base);
    }
    break;
  }
  if (!stated_seconds_ && context_->duration != AV_NOPTS_VALUE && context_->duration > 0) {
    stated_seconds_ = static_cast<double>(context_->duration) / AV_TIME_BASE;
  }
}

void Demuxer::choose_stream() {
  for (unsigned i = 0; i < context_->nb_streams; ++i) {
    AVStream* stream = context_->streams[i];
    const bool picture = (stream->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
    if (stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !picture) {
      throw Error(ErrorCode::Unsupported,
                  str("audio: '", input_.name(), "' is a video; extract its sound track first"));
    }
    if (stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO && stream_ == nullptr) {
      stream_ = stream;
    } else {
      stream->discard = AVDISCARD_ALL;
    }
  }
  if (stream_ == nullptr) {
    throw Error(ErrorCode::CorruptFile,
                str("audio: '",
                    input_.name(),
                    "' (",
                    container_.label,
                    ") holds no audio stream; the file is damaged or cut off"));
  }
  if (is_encrypted(*stream_)) {
    throw Error(ErrorCode::Unsupported,
                str("audio: '", input_.name(), "' is protected by DRM; use an unprotected file"));
  }
}

void Demuxer::describe() {
  const AVCodecParameters& parameters = *stream_->codecpar;
  source_.container = container_.label;
  source_.codec = avcodec_get_name(parameters.codec_id);
  source_.sample_rate = parameters.sample_rate;
  source_.channels = parameters.ch_layout.nb_channels;
  source_.bit_rate = parameters.bit_rate > 0 ? parameters.bit_rate : context_->bit_rate;
  if (is_lossless(parameters)) {
    source_.bits = parameters.bits_per_raw_sample > 0 ? parameters.bits_per_raw_sample
                                                      : av_get_bits_per_sample(parameters.codec_id);
  }
  source_.seconds = stated_seconds_.value_or(0.0);
  if (source_.seconds <= 0.0 && context_->duration != AV_NOPTS_VALUE) {
    source_.seconds = static_cast<double>(context_->duration) / AV_TIME_BASE;
  }
  read_tags(context_->metadata, source_.tags);
  read_tags(stream_->metadata, source_.tags);  // Ogg's comments; of MP3 the encoder's own mark
}

void Demuxer::check_limits() const {
  if (stated_seconds_) check_seconds(*stated_seconds_, options_, input_.name());
}

double Demuxer::tolerance_seconds() const {
  const AVCodecParameters& parameters = *stream_->codecpar;
  const double rate = std::max(1, parameters.sample_rate);
  const bool exact = container_.demuxer == "wav" || container_.demuxer == "flac";
  // Lossy formats count their delay and padding in, a few frames at both ends.
  return exact ? 0.5 / rate : 0.1 + 8192.0 / rate;
}

bool Demuxer::read(AVPacket& packet) {
  for (;;) {
    av_packet_unref(&packet);
    const int result = av_read_frame(context_.get(), &packet);
    if (result == AVERROR_EOF) return false;
    if (result < 0) {
      throw Error(
          ErrorCode::CorruptFile,
          str("audio: '", input_.name(), "' is damaged or cut off (", av_message(result), ")"));
    }
    if (packet.stream_index != stream_->index) continue;
    if (av_packet_get_side_data(&packet, AV_PKT_DATA_ENCRYPTION_INFO, nullptr) != nullptr) {
      throw Error(ErrorCode::Unsupported,
                  str("audio: '", input_.name(), "' is protected by DRM; use an unprotected file"));
    }
    return true;
  }
}

}  // namespace ams
