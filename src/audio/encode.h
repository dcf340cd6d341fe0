// Samples -> audio files, whole or tile by tile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "audio/audio_buffer.h"
#include "audio/audio_format.h"
#include "audio/tags.h"

namespace ams {

// Integers: full scale 1.0 is 2^(bits-1), values are rounded to nearest, ties to even, and limited
// to the type's range; no dither. So a file that is decoded and written again stays bit-equal, and
// the same samples make the same bytes.
struct EncodeOptions {
  AudioFormat format = AudioFormat::Wav16;
  // Of the file, Hz. Empty: the audio's own rate; MP3: 44100; Opus always has 48000.
  std::optional<int64_t> sample_rate;
  std::optional<int64_t> bit_rate;  // bits per second of MP3 (CBR) and Opus; empty: 320k and 192k
  AudioTags tags;
};

// Streaming writer. The file appears under its name at finish(); a writer destroyed before leaves
// nothing. Confined to one thread.
class AudioWriter {
 public:
  // Throws InvalidRequest on a rate, bit rate or channel count that the format cannot hold and on
  // tags that are not UTF-8; NotFound if the folder is missing.
  AudioWriter(const std::filesystem::path& path,
              int64_t sample_rate,
              int64_t channels,
              const EncodeOptions& options);
  ~AudioWriter();
  AudioWriter(const AudioWriter&) = delete;
  AudioWriter& operator=(const AudioWriter&) = delete;

  // tile: [C, n], the samples that follow those written before; any n >= 0.
  // Throws InvalidRequest on another shape, CorruptFile on NaN or infinite samples, Internal with
  // the system's reason if the disk is full.
  void write(const FloatArray& tile);
  // Throws as write(). Call once, last.
  void finish();

 private:
  class Muxer;
  std::unique_ptr<Muxer> muxer_;
};

// The whole buffer into one file. Throws as AudioWriter. Thread-safe.
void write_audio_file(const std::filesystem::path& path,
                      const AudioBuffer& audio,
                      const EncodeOptions& options);

}  // namespace ams
