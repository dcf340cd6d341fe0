#include "audio/ffmpeg.h"

#include <array>
#include <mutex>

#include "base/error.h"

extern "C" {
#include <libavutil/log.h>
#include <libavutil/mem.h>
}

namespace ams {

void AvIoDeleter::operator()(AVIOContext* io) const {
  av_freep(&io->buffer);
  avio_context_free(&io);
}

void AvInputDeleter::operator()(AVFormatContext* context) const { avformat_close_input(&context); }

void AvOutputDeleter::operator()(AVFormatContext* context) const { avformat_free_context(context); }

void AvCodecDeleter::operator()(AVCodecContext* context) const { avcodec_free_context(&context); }

void AvFrameDeleter::operator()(AVFrame* frame) const { av_frame_free(&frame); }

void AvPacketDeleter::operator()(AVPacket* packet) const { av_packet_free(&packet); }

void AvDictionary::set(const std::string& key, const std::string& value) {
  if (av_dict_set(&entries_, key.c_str(), value.c_str(), 0) < 0) {
    throw Error(ErrorCode::OutOfMemory, "audio: no memory for a dictionary entry");
  }
}

AvFrame make_frame() {
  AvFrame frame(av_frame_alloc());
  if (!frame) throw Error(ErrorCode::OutOfMemory, "audio: no memory for a frame");
  return frame;
}

AvPacket make_packet() {
  AvPacket packet(av_packet_alloc());
  if (!packet) throw Error(ErrorCode::OutOfMemory, "audio: no memory for a packet");
  return packet;
}

std::string av_message(int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(code, text.data(), text.size());
  return text.data();
}

void silence_ffmpeg_log() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_level(AV_LOG_QUIET); });
}

}  // namespace ams
