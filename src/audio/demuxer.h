// One opened audio file: its audio stream, checked against the limits. Module-private.
#pragma once

#include <optional>

#include "audio/decode.h"
#include "audio/ffmpeg.h"
#include "audio/media_input.h"

namespace ams {

// FFmpeg's names of the decoders that may run.
inline constexpr const char* kAllowedCodecs =
    "mp3float,mp3,flac,opus,libopus,vorbis,libvorbis,aac,alac,pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,"
    "pcm_f32le,pcm_f64le,pcm_s16be,pcm_s24be,pcm_s32be,pcm_f32be,pcm_f64be,pcm_alaw,pcm_mulaw";

// Opens with an explicit demuxer, no protocols and no second file. Confined to one thread.
class Demuxer {
 public:
  // Throws as decode_audio. `input` and `options` must outlive the object.
  Demuxer(MediaInput& input, const DecodeOptions& options);

  const AudioSource& source() const { return source_; }
  const AVCodecParameters& parameters() const { return *stream_->codecpar; }
  AVRational time_base() const { return stream_->time_base; }
  // Seconds that the headers state; empty where they do not.
  std::optional<double> stated_seconds() const { return stated_seconds_; }
  // By how much a whole file may fall short of stated_seconds().
  double tolerance_seconds() const;
  // Next packet of the audio stream; false at the end. Throws CorruptFile.
  bool read(AVPacket& packet);

 private:
  void open();
  void note_stated_duration();
  void choose_stream();
  void describe();
  void check_limits() const;

  MediaInput& input_;
  const DecodeOptions& options_;
  Container container_;
  AvInput context_;
  AVStream* stream_ = nullptr;
  std::optional<double> stated_seconds_;
  AudioSource source_;
};

// Throws Unsupported if `seconds` is more than the options allow.
void check_seconds(double seconds, const DecodeOptions& options, const std::string& name);

}  // namespace ams
