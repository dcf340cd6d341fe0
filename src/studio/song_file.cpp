#include "studio/song_file.h"

#include "audio/encode.h"
#include "audio/loudness.h"
#include "base/sha256.h"

namespace ams {

SongFile write_song_file(const std::filesystem::path& path, const AudioBuffer& audio) {
  EncodeOptions options;
  options.format = AudioFormat::Wav16;
  write_audio_file(path, audio, options);

  const Loudness loudness = measure_loudness(audio);
  return {.sample_rate = audio.sample_rate,
          .channels = audio.channels(),
          .bits = 16,
          .duration_seconds = audio.seconds(),
          .peak_dbfs = loudness.sample_peak_dbfs,
          .integrated_lufs = loudness.integrated_lufs,
          .sha256 = sha256_of_file(path)};
}

}  // namespace ams
