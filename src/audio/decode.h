// Audio files -> samples. Input is hostile until it is decoded within limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "audio/audio_buffer.h"
#include "audio/tags.h"

namespace ams {

// Checked while decoding, so that no input makes more than the limits allow.
struct DecodeOptions {
  int64_t max_bytes = int64_t{100} << 20;  // of the file
  double min_seconds = 0.0;                // shorter audio is refused
  double max_seconds = 600.0;              // longer audio is refused, as soon as it is known
  int64_t max_channels = 16;               // of the file
  int64_t kept_channels = 2;               // the first ones; the others are never stored
  int64_t min_sample_rate = 4000;          // Hz
  int64_t max_sample_rate = 384000;        // Hz
  std::stop_token stop;                    // checked for each packet
};

// What the file holds, before channels are dropped.
struct AudioSource {
  std::string container;    // "WAV", "MP3", …
  std::string codec;        // FFmpeg's name: "pcm_s16le", "aac", …
  int64_t sample_rate = 0;  // Hz
  int64_t channels = 0;
  int64_t bits = 0;      // of a sample; 0 for lossy codecs
  int64_t bit_rate = 0;  // bits per second as the file states; 0 = unknown
  double seconds = 0.0;  // decoded; of probe_audio_file: as the file states, 0 = unknown
  AudioTags tags;
};

struct DecodedAudio {
  AudioBuffer audio;  // at the file's rate, [min(channels, kept_channels), N]
  AudioSource source;
};

// WAV, MP3, FLAC, Ogg (Opus, Vorbis, FLAC), M4A/AAC, WebM (Opus, Vorbis), judged by content.
// `name` is for messages. Encoder delay and padding that the file states are removed, so that the
// length is the encoded song's.
// Throws NotFound; Unsupported on another format, on DRM, on a video track, on too many bytes,
// seconds or channels, or an odd rate; CorruptFile on truncated, undecodable or empty audio and on
// NaN or infinite samples; InvalidRequest on less than min_seconds; Cancelled. Thread-safe.
DecodedAudio decode_audio(std::span<const std::byte> bytes,
                          std::string_view name,
                          const DecodeOptions& options);
DecodedAudio decode_audio_file(const std::filesystem::path& path, const DecodeOptions& options);

// The headers and tags alone. Throws as decode_audio_file, as far as headers tell. Thread-safe.
AudioSource probe_audio_file(const std::filesystem::path& path, const DecodeOptions& options);

}  // namespace ams
