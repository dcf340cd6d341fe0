#include "studio/song_file.h"

#include <cstdint>
#include <limits>

#include "audio/decode.h"
#include "audio/encode.h"
#include "audio/loudness.h"
#include "base/sha256.h"

namespace ams {

SongFile write_song_file(const std::filesystem::path& path,
                         const AudioBuffer& audio,
                         const SongFileOptions& options) {
  EncodeOptions encode;
  encode.format = options.format;
  encode.tags = options.tags;
  write_audio_file(path, audio, encode);

  DecodeOptions no_limits;
  no_limits.max_bytes = std::numeric_limits<int64_t>::max();
  no_limits.max_seconds = std::numeric_limits<double>::max();
  const AudioSource written = probe_audio_file(path, no_limits);
  const Loudness loudness = measure_loudness(audio);
  return {.sample_rate = written.sample_rate,
          .channels = written.channels,
          .bits = written.bits,
          .duration_seconds = audio.seconds(),
          .peak_dbfs = loudness.sample_peak_dbfs,
          .integrated_lufs = loudness.integrated_lufs,
          .sha256 = sha256_of_file(path)};
}

}  // namespace ams
