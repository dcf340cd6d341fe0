#include "audio/decode.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "audio/demuxer.h"
#include "audio/sample_format.h"
#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

// Lossy streams may carry a few broken packets (cut joints, tags between frames) and still be
// whole.
constexpr int64_t kMaxBrokenPackets = 4;

class Decoder {
 public:
  Decoder(MediaInput& input, const DecodeOptions& options)
      : name_(input.name()), options_(options), demuxer_(input, options), frame_(make_frame()) {
    const AVCodec* codec = avcodec_find_decoder(demuxer_.parameters().codec_id);
    if (codec == nullptr || demuxer_.parameters().codec_id == AV_CODEC_ID_NONE) {
      throw Error(ErrorCode::Unsupported,
                  str("audio: '", name_, "' uses the codec ", demuxer_.source().codec));
    }
    context_.reset(avcodec_alloc_context3(codec));
    if (!context_) throw Error(ErrorCode::OutOfMemory, "audio: no memory for a decoder");
    avcodec_parameters_to_context(context_.get(), &demuxer_.parameters());
    context_->pkt_timebase = demuxer_.time_base();
    context_->thread_count = 1;
    // A lossless frame with a wrong checksum is damage, not something to conceal.
    context_->err_recognition = AV_EF_CRCCHECK;
    if (demuxer_.source().bits > 0) context_->err_recognition |= AV_EF_EXPLODE;
    const int result = open_decoder(codec);
    if (result < 0) {
      throw Error(ErrorCode::Unsupported,
                  str("audio: '",
                      name_,
                      "' uses the codec ",
                      demuxer_.source().codec,
                      " in a form that is not supported (",
                      av_message(result),
                      ")"));
    }
  }

  DecodedAudio run() {
    const AvPacket packet = make_packet();
    while (demuxer_.read(*packet)) {
      if (options_.stop.stop_requested()) throw Error(ErrorCode::Cancelled, "decoding cancelled");
      send(packet.get());
    }
    send(nullptr);
    check_whole();
    return take();
  }

 private:
  int open_decoder(const AVCodec* codec) {
    AvDictionary options;
    options.set("codec_whitelist", kAllowedCodecs);
    return avcodec_open2(context_.get(), codec, options.address());
  }

  void send(const AVPacket* packet) {
    int result = avcodec_send_packet(context_.get(), packet);
    if (result < 0 && result != AVERROR_EOF) note_broken(result);
    for (;;) {
      result = avcodec_receive_frame(context_.get(), frame_.get());
      if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return;
      if (result < 0) {
        note_broken(result);
        return;
      }
      take_frame();
    }
  }

  void note_broken(int result) {
    ++broken_packets_;
    if (result == AVERROR(ENOMEM)) {
      throw Error(ErrorCode::OutOfMemory, str("audio: no memory to decode '", name_, "'"));
    }
    const bool lossless = demuxer_.source().bits > 0;
    if (!lossless && broken_packets_ <= kMaxBrokenPackets) return;
    throw Error(ErrorCode::CorruptFile,
                str("audio: '",
                    name_,
                    "' has undecodable data after ",
                    decoded_seconds(),
                    " s (",
                    av_message(result),
                    "); the file is damaged"));
  }

  void start(const AVFrame& frame) {
    sample_rate_ = frame.sample_rate;
    channel_count_ = frame.ch_layout.nb_channels;
    if (channel_count_ < 1 || channel_count_ > options_.max_channels) {
      throw Error(ErrorCode::Unsupported,
                  str("audio: '",
                      name_,
                      "' has ",
                      channel_count_,
                      " channels, 1 to ",
                      options_.max_channels,
                      " are allowed"));
    }
    if (sample_rate_ < options_.min_sample_rate || sample_rate_ > options_.max_sample_rate) {
      throw Error(ErrorCode::Unsupported,
                  str("audio: '",
                      name_,
                      "' has a sample rate of ",
                      sample_rate_,
                      " Hz, ",
                      options_.min_sample_rate,
                      " to ",
                      options_.max_sample_rate,
                      " Hz are allowed"));
    }
    channels_.resize(static_cast<size_t>(std::min(channel_count_, options_.kept_channels)));
  }

  void take_frame() {
    if (frame_->nb_samples <= 0) return;
    if (channels_.empty()) start(*frame_);
    if (frame_->sample_rate != sample_rate_ || frame_->ch_layout.nb_channels != channel_count_) {
      throw Error(ErrorCode::Unsupported,
                  str("audio: '",
                      name_,
                      "' changes its rate or channels after ",
                      decoded_seconds(),
                      " s; convert it to one format first"));
    }
    const auto total = static_cast<double>(decoded_length() + frame_->nb_samples);
    check_seconds(total / static_cast<double>(sample_rate_), options_, name_);
    if (!append_frame(*frame_, channels_)) {
      throw Error(ErrorCode::CorruptFile,
                  str("audio: '",
                      name_,
                      "' holds NaN or infinite samples after ",
                      decoded_seconds(),
                      " s; the program that wrote it is at fault"));
    }
  }

  int64_t decoded_length() const {
    return channels_.empty() ? 0 : static_cast<int64_t>(channels_.front().size());
  }
  double decoded_seconds() const {
    return sample_rate_ > 0
               ? static_cast<double>(decoded_length()) / static_cast<double>(sample_rate_)
               : 0.0;
  }

  void check_whole() const {
    if (decoded_length() == 0) {
      throw Error(ErrorCode::CorruptFile, str("audio: '", name_, "' holds no samples"));
    }
    const auto stated = demuxer_.stated_seconds();
    if (stated && decoded_seconds() < *stated - demuxer_.tolerance_seconds()) {
      throw Error(ErrorCode::CorruptFile,
                  str("audio: '",
                      name_,
                      "' ends after ",
                      decoded_seconds(),
                      " s, its header states ",
                      *stated,
                      " s; the file is cut off"));
    }
    if (decoded_seconds() < options_.min_seconds) {
      throw Error(ErrorCode::InvalidRequest,
                  str("audio: '",
                      name_,
                      "' lasts ",
                      decoded_seconds(),
                      " s, at least ",
                      options_.min_seconds,
                      " s are needed"));
    }
  }

  DecodedAudio take() {
    DecodedAudio result;
    result.source = demuxer_.source();
    result.source.sample_rate = sample_rate_;
    result.source.channels = channel_count_;
    result.source.seconds = decoded_seconds();
    FloatArray& samples = result.audio.samples;
    samples.shape = {static_cast<int64_t>(channels_.size()), decoded_length()};
    result.audio.sample_rate = sample_rate_;
    samples.data = std::move(channels_.front());
    for (size_t c = 1; c < channels_.size(); ++c) {
      samples.data.insert(samples.data.end(), channels_[c].begin(), channels_[c].end());
    }
    return result;
  }

  const std::string name_;
  const DecodeOptions& options_;
  Demuxer demuxer_;
  AvCodec context_;
  AvFrame frame_;
  std::vector<std::vector<float>> channels_;  // kept ones
  int64_t sample_rate_ = 0;
  int64_t channel_count_ = 0;
  int64_t broken_packets_ = 0;
};

}  // namespace

DecodedAudio decode_audio(std::span<const std::byte> bytes,
                          std::string_view name,
                          const DecodeOptions& options) {
  MediaInput input(bytes, std::string(name));
  return Decoder(input, options).run();
}

DecodedAudio decode_audio_file(const std::filesystem::path& path, const DecodeOptions& options) {
  MediaInput input(path);
  return Decoder(input, options).run();
}

AudioSource probe_audio_file(const std::filesystem::path& path, const DecodeOptions& options) {
  MediaInput input(path);
  return Demuxer(input, options).source();
}

}  // namespace ams
