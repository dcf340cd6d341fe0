#include "audio/audio_format.h"

#include <array>
#include <string>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr std::array kFormats{
    AudioFormatInfo{AudioFormat::Wav16, "wav16", ".wav", "audio/wav", "WAV, 16 bit"},
    AudioFormatInfo{AudioFormat::Wav24, "wav24", ".wav", "audio/wav", "WAV, 24 bit"},
    AudioFormatInfo{AudioFormat::Wav32Float, "wav32f", ".wav", "audio/wav", "WAV, 32 bit float"},
    AudioFormatInfo{AudioFormat::Flac, "flac", ".flac", "audio/flac", "FLAC, 24 bit"},
    AudioFormatInfo{AudioFormat::Mp3, "mp3", ".mp3", "audio/mpeg", "MP3, 320 kbit/s"},
    AudioFormatInfo{AudioFormat::Opus, "opus", ".opus", "audio/ogg", "Opus, 192 kbit/s"},
};

}  // namespace

std::span<const AudioFormatInfo> audio_formats() { return kFormats; }

const AudioFormatInfo& audio_format_info(AudioFormat format) {
  for (const AudioFormatInfo& info : kFormats) {
    if (info.format == format) return info;
  }
  throw Error(ErrorCode::Internal, "audio: format without a row in the table");
}

AudioFormat parse_audio_format(std::string_view name) {
  if (name == "wav") return AudioFormat::Wav16;
  std::string names;
  for (const AudioFormatInfo& info : kFormats) {
    if (info.name == name) return info.format;
    names += names.empty() ? "" : ", ";
    names += info.name;
  }
  throw Error(ErrorCode::InvalidRequest,
              str("audio: format '", name, "' is unknown, expected one of ", names));
}

}  // namespace ams
