// A finished song as a file, and what metadata says about that file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "audio/audio_buffer.h"
#include "audio/audio_format.h"
#include "audio/tags.h"

namespace ams {

struct SongFile {
  int64_t sample_rate = 0;  // Hz
  int64_t channels = 0;
  int64_t bits = 0;  // per sample; 0 for MP3 and Opus
  double duration_seconds = 0;
  std::optional<double> peak_dbfs;        // absent for silence
  std::optional<double> integrated_lufs;  // absent where it cannot be measured
  std::string sha256;                     // of the file
};

struct SongFileOptions {
  AudioFormat format = AudioFormat::Wav16;
  AudioTags tags;
};

// Writes at the audio's own rate, MP3 at 44.1 kHz; the file appears under its name when it is
// complete. Peak and loudness are those of `audio`. Throws NotFound (folder), InvalidRequest (not
// writable), CorruptFile (samples that are not finite), Internal (disk full). Thread-safe.
SongFile write_song_file(const std::filesystem::path& path,
                         const AudioBuffer& audio,
                         const SongFileOptions& options = {});

}  // namespace ams
