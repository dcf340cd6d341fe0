// The file formats that can be written: one table for names, extensions and media types.
#pragma once

#include <span>
#include <string_view>

namespace ams {

enum class AudioFormat { Wav16, Wav24, Wav32Float, Flac, Mp3, Opus };

struct AudioFormatInfo {
  AudioFormat format;
  std::string_view name;        // as requests and the command line write it
  std::string_view extension;   // with the dot
  std::string_view media_type;  // of HTTP
  std::string_view label;
};

// All rows, in the order to show.
std::span<const AudioFormatInfo> audio_formats();
const AudioFormatInfo& audio_format_info(AudioFormat format);
// By name ("wav16", "wav24", "wav32f", "flac", "mp3", "opus"; "wav" = "wav16"). Throws
// InvalidRequest that lists the names.
AudioFormat parse_audio_format(std::string_view name);

}  // namespace ams
