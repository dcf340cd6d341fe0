#include "audio/encoder_settings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "base/error.h"
#include "base/str.h"

extern "C" {
#include <libavutil/samplefmt.h>
}

namespace ams {
namespace {

constexpr std::array<int64_t, 2> kMp3Rates{44100, 48000};

void require_range(const char* what, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return;
  throw Error(ErrorCode::InvalidRequest,
              str("audio: ", what, " ", value, ", expected ", least, " to ", most));
}

EncoderSettings pcm(const char* encoder, AVSampleFormat format, int bits) {
  EncoderSettings settings;
  settings.muxer = "wav";
  settings.encoder = encoder;
  settings.sample_format = format;
  settings.bits = bits;
  settings.tag_style = TagStyle::RiffInfo;
  return settings;
}

EncoderSettings mp3(const EncodeOptions& options) {
  EncoderSettings settings;
  settings.muxer = "mp3";
  settings.encoder = "libmp3lame";
  settings.sample_format = AV_SAMPLE_FMT_FLTP;
  settings.tag_style = TagStyle::Id3;
  settings.sample_rate = options.sample_rate.value_or(kMp3Rates.front());
  settings.bit_rate = options.bit_rate.value_or(320000);
  if (std::find(kMp3Rates.begin(), kMp3Rates.end(), settings.sample_rate) == kMp3Rates.end()) {
    throw Error(
        ErrorCode::InvalidRequest,
        str("audio: MP3 sample rate ", settings.sample_rate, " Hz, expected 44100 or 48000"));
  }
  require_range("MP3 bit rate", settings.bit_rate, 32000, 320000);
  return settings;
}

EncoderSettings opus(const EncodeOptions& options) {
  EncoderSettings settings;
  settings.muxer = "opus";
  settings.encoder = "libopus";
  settings.tags_of_stream = true;
  settings.sample_format = AV_SAMPLE_FMT_FLT;
  settings.sample_rate = options.sample_rate.value_or(48000);
  settings.bit_rate = options.bit_rate.value_or(192000);
  require_range("Opus sample rate", settings.sample_rate, 48000, 48000);
  require_range("Opus bit rate", settings.bit_rate, 32000, 510000);
  return settings;
}

EncoderSettings flac() {
  EncoderSettings settings;
  settings.muxer = "flac";
  settings.encoder = "flac";
  settings.sample_format = AV_SAMPLE_FMT_S32;
  settings.bits = 24;
  return settings;
}

EncoderSettings base_settings(const EncodeOptions& options) {
  switch (options.format) {
    case AudioFormat::Wav16:
      return pcm("pcm_s16le", AV_SAMPLE_FMT_S16, 16);
    case AudioFormat::Wav24:
      return pcm("pcm_s24le", AV_SAMPLE_FMT_S32, 24);
    case AudioFormat::Wav32Float:
      return pcm("pcm_f32le", AV_SAMPLE_FMT_FLT, 0);
    case AudioFormat::Flac:
      return flac();
    case AudioFormat::Mp3:
      return mp3(options);
    case AudioFormat::Opus:
      return opus(options);
  }
  throw Error(ErrorCode::Internal, "audio: format without an encoder");
}

int32_t quantise(float sample, int bits) {
  const auto scale = static_cast<double>(int64_t{1} << (bits - 1));
  // nearbyint rounds ties to even in the default rounding mode.
  const double rounded = std::nearbyint(static_cast<double>(sample) * scale);
  return static_cast<int32_t>(std::clamp(rounded, -scale, scale - 1.0));
}

template <typename T, typename Convert>
void fill(const FloatArray& samples, int64_t start, AVFrame& frame, Convert convert) {
  const bool planar = av_sample_fmt_is_planar(static_cast<AVSampleFormat>(frame.format)) != 0;
  const int64_t channels = frame.ch_layout.nb_channels;
  const int64_t stride = planar ? 1 : channels;
  for (int64_t c = 0; c < channels; ++c) {
    const auto source =
        samples.row(c).subspan(static_cast<size_t>(start), static_cast<size_t>(frame.nb_samples));
    auto* target = reinterpret_cast<T*>(frame.extended_data[planar ? c : 0]);
    if (!planar) target += c;
    for (size_t i = 0; i < source.size(); ++i) {
      target[static_cast<int64_t>(i) * stride] = convert(source[i]);
    }
  }
}

}  // namespace

EncoderSettings encoder_settings(int64_t sample_rate,
                                 int64_t channels,
                                 const EncodeOptions& options) {
  EncoderSettings settings = base_settings(options);
  if (settings.sample_rate == 0) {
    settings.sample_rate = options.sample_rate.value_or(sample_rate);
  }
  if (settings.bit_rate == 0 && options.bit_rate) {
    throw Error(ErrorCode::InvalidRequest,
                str("audio: ", audio_format_info(options.format).label, " takes no bit rate"));
  }
  require_range("sample rate", settings.sample_rate, 4000, 384000);
  require_range("number of channels", channels, 1, settings.bit_rate > 0 ? 2 : 8);
  return settings;
}

void fill_frame(const FloatArray& samples, int64_t start, int bits, AVFrame& frame) {
  switch (av_get_packed_sample_fmt(static_cast<AVSampleFormat>(frame.format))) {
    case AV_SAMPLE_FMT_S16:
      fill<int16_t>(
          samples, start, frame, [](float x) { return static_cast<int16_t>(quantise(x, 16)); });
      return;
    case AV_SAMPLE_FMT_S32:
      // FFmpeg keeps 24-bit samples in the upper bytes.
      fill<int32_t>(samples, start, frame, [bits](float x) {
        return quantise(x, bits) * (int32_t{1} << (32 - bits));
      });
      return;
    case AV_SAMPLE_FMT_FLT:
      fill<float>(samples, start, frame, [](float x) { return x; });
      return;
    default:
      throw Error(ErrorCode::Internal, "audio: encoder with an unknown sample format");
  }
}

}  // namespace ams
