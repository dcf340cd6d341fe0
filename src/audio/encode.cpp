#include "audio/encode.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <future>
#include <utility>

#include "audio/encoder_settings.h"
#include "audio/ffmpeg.h"
#include "audio/output_file.h"
#include "audio/resample.h"
#include "base/error.h"
#include "base/str.h"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/mem.h>
}

namespace ams {
namespace {

constexpr int kIoBufferBytes = 1 << 16;
constexpr int64_t kPcmFrameSamples = 4096;
constexpr int64_t kPieceSamples = int64_t{1} << 17;    // resampled at a time
constexpr int64_t kMaxWavBytes = INT64_C(0xFFFF0000);  // a RIFF size has 32 bits

// The write callback's buffer became const in libavformat 61.
#if LIBAVFORMAT_VERSION_MAJOR < 61
using WriteBuffer = uint8_t*;
#else
using WriteBuffer = const uint8_t*;
#endif

int write_packet(void* opaque, WriteBuffer bytes, int count) {
  const int error =
      static_cast<OutputFile*>(opaque)->write({bytes, static_cast<size_t>(std::max(count, 0))});
  return error == 0 ? count : AVERROR(error);
}

int64_t seek_output(void* opaque, int64_t offset, int whence) {
  auto* file = static_cast<OutputFile*>(opaque);
  if ((whence & AVSEEK_SIZE) != 0) return file->size();
  int64_t position = offset;
  if ((whence & ~AVSEEK_FORCE) == SEEK_CUR) position += file->position();
  if ((whence & ~AVSEEK_FORCE) == SEEK_END) position += file->size();
  if (position < 0) return AVERROR(EINVAL);
  const int error = file->seek(position);
  return error == 0 ? position : AVERROR(error);
}

}  // namespace

class AudioWriter::Muxer {
 public:
  Muxer(const std::filesystem::path& path,
        int64_t sample_rate,
        int64_t channels,
        const EncodeOptions& options)
      : channels_(channels),
        format_(options.format),
        settings_(encoder_settings(sample_rate, channels, options)),
        resamples_(sample_rate != settings_.sample_rate),
        resampler_(sample_rate, settings_.sample_rate, channels),
        file_(path),
        packet_(make_packet()) {
    silence_ffmpeg_log();
    open_encoder();
    open_muxer(options.tags);
    frame_samples_ = encoder_->frame_size > 0 ? encoder_->frame_size : kPcmFrameSamples;
    pending_ = FloatArray({channels, 0});
  }

  void write(const FloatArray& tile) {
    const AudioBuffer checked{settings_.sample_rate, tile};
    require_well_formed(checked, "tile to write");
    if (tile.dim(0) != channels_) {
      throw Error(ErrorCode::InvalidRequest,
                  str("audio: tile to write has ", tile.dim(0), " channels, expected ", channels_));
    }
    require_finite(checked, "tile to write");
    for (int64_t begin = 0; begin < tile.dim(1); begin += kPieceSamples) {
      const int64_t end = std::min(tile.dim(1), begin + kPieceSamples);
      write_piece(slice_audio(checked, begin, end).samples);
    }
    file_.require_written();
  }

  void finish() {
    encode(take_resampled(), /*last=*/false);
    encode(resampler_.finish(), /*last=*/true);
    send(nullptr);
    check(av_write_trailer(muxer_.get()), "end the file");
    avio_flush(io_.get());
    file_.commit();
  }

 private:
  // Encodes one piece while the next one is resampled: the codec is always one piece behind.
  void write_piece(FloatArray piece) {
    if (!resamples_) return encode(piece, /*last=*/false);
    const FloatArray ready = take_resampled();
    resampled_ = std::async(std::launch::async,
                            [this, piece = std::move(piece)] { return resampler_.push(piece); });
    encode(ready, /*last=*/false);
  }

  FloatArray take_resampled() {
    return resampled_.valid() ? resampled_.get() : FloatArray({channels_, 0});
  }

  void open_encoder() {
    const AVCodec* codec = avcodec_find_encoder_by_name(settings_.encoder);
    if (codec == nullptr) {
      throw Error(ErrorCode::Unsupported,
                  str("audio: this FFmpeg has no encoder '", settings_.encoder, "'"));
    }
    encoder_.reset(avcodec_alloc_context3(codec));
    if (!encoder_) throw Error(ErrorCode::OutOfMemory, "audio: no memory for an encoder");
    encoder_->sample_fmt = settings_.sample_format;
    encoder_->sample_rate = static_cast<int>(settings_.sample_rate);
    encoder_->bit_rate = settings_.bit_rate;
    encoder_->bits_per_raw_sample = settings_.bits;
    encoder_->time_base = {1, static_cast<int>(settings_.sample_rate)};
    encoder_->thread_count = 1;
    encoder_->flags |= AV_CODEC_FLAG_BITEXACT;
    av_channel_layout_default(&encoder_->ch_layout, static_cast<int>(channels_));
    check(avcodec_open2(encoder_.get(), codec, nullptr), "open the encoder");
  }

  void open_muxer(const AudioTags& tags) {
    AVFormatContext* context = nullptr;
    check(avformat_alloc_output_context2(&context, nullptr, settings_.muxer, nullptr), "start");
    muxer_.reset(context);
    auto* buffer = static_cast<uint8_t*>(av_malloc(kIoBufferBytes));
    if (buffer == nullptr) throw Error(ErrorCode::OutOfMemory, "audio: no memory for writing");
    io_.reset(avio_alloc_context(
        buffer, kIoBufferBytes, 1, &file_, nullptr, &write_packet, &seek_output));
    if (!io_) {
      av_free(buffer);
      throw Error(ErrorCode::OutOfMemory, "audio: no memory for writing");
    }
    // Bit-exact: no version of FFmpeg and no random serial in the file.
    context->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
    context->pb = io_.get();
    stream_ = avformat_new_stream(context, nullptr);
    if (stream_ == nullptr) throw Error(ErrorCode::OutOfMemory, "audio: no memory for a stream");
    stream_->time_base = encoder_->time_base;
    check(avcodec_parameters_from_context(stream_->codecpar, encoder_.get()), "describe the codec");
    // Bit-exact muxers drop the song's "encoder" when they are set up, Ogg has then read its tags.
    if (settings_.tags_of_stream) write_tags(tags, settings_.tag_style, &stream_->metadata);
    check(avformat_init_output(context, nullptr), "set up the file");
    if (!settings_.tags_of_stream) write_tags(tags, settings_.tag_style, &context->metadata);
    check(avformat_write_header(context, nullptr), "write the header");
  }

  // Hands whole codec frames to the encoder and keeps the rest for the next tile.
  void encode(const FloatArray& tile, bool last) {
    FloatArray samples({channels_, pending_.dim(1) + tile.dim(1)});
    for (int64_t c = 0; c < channels_ && samples.dim(1) > 0; ++c) {
      std::copy(pending_.row(c).begin(), pending_.row(c).end(), samples.row(c).begin());
      std::copy(tile.row(c).begin(), tile.row(c).end(), samples.row(c).begin() + pending_.dim(1));
    }
    const int64_t total = samples.dim(1);
    int64_t start = 0;
    while (total - start >= frame_samples_ || (last && start < total)) {
      const int64_t count = std::min(frame_samples_, total - start);
      encode_frame(samples, start, count);
      start += count;
    }
    pending_ = FloatArray({channels_, total - start});
    for (int64_t c = 0; c < channels_ && start < total; ++c) {
      std::copy(samples.row(c).begin() + start, samples.row(c).end(), pending_.row(c).begin());
    }
  }

  void encode_frame(const FloatArray& samples, int64_t start, int64_t count) {
    const AvFrame frame = make_frame();
    frame->format = settings_.sample_format;
    frame->sample_rate = encoder_->sample_rate;
    frame->nb_samples = static_cast<int>(count);
    av_channel_layout_copy(&frame->ch_layout, &encoder_->ch_layout);
    check(av_frame_get_buffer(frame.get(), 0), "hold a frame");
    frame->pts = written_;
    fill_frame(samples, start, settings_.bits, *frame);
    send(frame.get());
    written_ += count;
  }

  void send(const AVFrame* frame) {
    check(avcodec_send_frame(encoder_.get(), frame), "encode");
    for (;;) {
      const int result = avcodec_receive_packet(encoder_.get(), packet_.get());
      if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return;
      check(result, "encode");
      packet_->stream_index = stream_->index;
      av_packet_rescale_ts(packet_.get(), encoder_->time_base, stream_->time_base);
      if (settings_.tag_style == TagStyle::RiffInfo && file_.size() > kMaxWavBytes) {
        throw Error(ErrorCode::InvalidRequest,
                    "audio: the WAV file would be larger than 4 GiB; write FLAC");
      }
      check(av_write_frame(muxer_.get(), packet_.get()), "write");
      av_packet_unref(packet_.get());
    }
  }

  void check(int result, const char* action) const {
    if (result >= 0) return;
    file_.require_written();
    throw Error(ErrorCode::Internal,
                str("audio: cannot ",
                    action,
                    " as ",
                    audio_format_info(format_).label,
                    " (",
                    av_message(result),
                    ")"));
  }

  const int64_t channels_;
  const AudioFormat format_;
  const EncoderSettings settings_;
  const bool resamples_;
  Resampler resampler_;
  OutputFile file_;
  AvPacket packet_;
  AvIo io_;
  AvOutput muxer_;
  AvCodec encoder_;
  AVStream* stream_ = nullptr;  // of muxer_
  FloatArray pending_;          // [C, less than frame_samples_]
  int64_t frame_samples_ = 0;
  int64_t written_ = 0;
  std::future<FloatArray> resampled_;  // waits for its thread, which uses resampler_, when dropped
};

AudioWriter::AudioWriter(const std::filesystem::path& path,
                         int64_t sample_rate,
                         int64_t channels,
                         const EncodeOptions& options)
    : muxer_(std::make_unique<Muxer>(path, sample_rate, channels, options)) {}

AudioWriter::~AudioWriter() = default;

void AudioWriter::write(const FloatArray& tile) { muxer_->write(tile); }

void AudioWriter::finish() { muxer_->finish(); }

void write_audio_file(const std::filesystem::path& path,
                      const AudioBuffer& audio,
                      const EncodeOptions& options) {
  require_well_formed(audio, "audio to write");
  AudioWriter writer(path, audio.sample_rate, audio.channels(), options);
  writer.write(audio.samples);
  writer.finish();
}

}  // namespace ams
