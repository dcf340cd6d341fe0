// How each file format is made with FFmpeg. Module-private.
#pragma once

#include "audio/encode.h"
#include "audio/ffmpeg.h"
#include "audio/tag_dictionary.h"

namespace ams {

struct EncoderSettings {
  const char* muxer = nullptr;
  const char* encoder = nullptr;
  AVSampleFormat sample_format = AV_SAMPLE_FMT_NONE;
  int bits = 0;                 // of an integer sample; 0 for float
  int64_t sample_rate = 0;      // of the file
  int64_t bit_rate = 0;         // 0 for lossless formats
  bool tags_of_stream = false;  // where the muxer looks for them
  TagStyle tag_style = TagStyle::VorbisComment;
};

// Throws InvalidRequest on a rate, bit rate or channel count outside what the format can hold.
EncoderSettings encoder_settings(int64_t sample_rate,
                                 int64_t channels,
                                 const EncodeOptions& options);

// Quantises `channels` [C, n] from sample `start` on into `frame`, whose format, channel count and
// number of samples are set, by the rule of EncodeOptions.
void fill_frame(const FloatArray& samples, int64_t start, int bits, AVFrame& frame);

}  // namespace ams
