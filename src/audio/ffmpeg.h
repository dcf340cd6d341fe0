// FFmpeg's handles as owners, for the source files of this module only.
#pragma once

#include <memory>
#include <string>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/dict.h>
#include <libavutil/frame.h>
}

namespace ams {

struct AvIoDeleter {
  void operator()(AVIOContext* io) const;
};
struct AvInputDeleter {
  void operator()(AVFormatContext* context) const;
};
struct AvOutputDeleter {
  void operator()(AVFormatContext* context) const;
};
struct AvCodecDeleter {
  void operator()(AVCodecContext* context) const;
};
struct AvFrameDeleter {
  void operator()(AVFrame* frame) const;
};
struct AvPacketDeleter {
  void operator()(AVPacket* packet) const;
};

using AvIo = std::unique_ptr<AVIOContext, AvIoDeleter>;
using AvInput = std::unique_ptr<AVFormatContext, AvInputDeleter>;
using AvOutput = std::unique_ptr<AVFormatContext, AvOutputDeleter>;
using AvCodec = std::unique_ptr<AVCodecContext, AvCodecDeleter>;
using AvFrame = std::unique_ptr<AVFrame, AvFrameDeleter>;
using AvPacket = std::unique_ptr<AVPacket, AvPacketDeleter>;

// An options or metadata dictionary. Not copyable.
class AvDictionary {
 public:
  AvDictionary() = default;
  ~AvDictionary() { av_dict_free(&entries_); }
  AvDictionary(const AvDictionary&) = delete;
  AvDictionary& operator=(const AvDictionary&) = delete;

  // Throws OutOfMemory.
  void set(const std::string& key, const std::string& value);
  AVDictionary** address() { return &entries_; }

 private:
  AVDictionary* entries_ = nullptr;
};

AvFrame make_frame();    // throws OutOfMemory
AvPacket make_packet();  // throws OutOfMemory

// FFmpeg's text for a negative return value.
std::string av_message(int code);

// Stops FFmpeg from printing: a library never writes to the terminal. Thread-safe, idempotent.
void silence_ffmpeg_log();

}  // namespace ams
