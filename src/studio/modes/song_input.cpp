#include "studio/modes/song_input.h"

#include <algorithm>

#include "audio/decode.h"
#include "audio/level.h"
#include "audio/resample.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr double kSilenceDbfs = -60.0;

}  // namespace

AudioBuffer read_song_input(const std::string& path,
                            const InputLimits& limits,
                            const ModeContext& context) {
  DecodeOptions options;
  options.max_bytes = limits.max_mebibytes << 20;
  options.min_seconds = 1.0;
  options.max_seconds = limits.max_seconds;
  options.stop = context.job.stop;
  const DecodedAudio decoded = decode_audio_file(path, options);
  AudioBuffer audio = to_studio_format(decoded.audio);
  if (peak_amplitude(audio) < db_to_amplitude(kSilenceDbfs)) {
    throw Error(ErrorCode::InvalidRequest,
                str("request: '",
                    limits.role,
                    "' is silent (nothing above ",
                    kSilenceDbfs,
                    " dBFS); choose audio that can be heard"));
  }
  SongInput input;
  input.role = limits.role;
  input.sha256 = sha256_of_file(path);
  input.duration_seconds = decoded.source.seconds;
  input.sample_rate = decoded.source.sample_rate;
  input.channels = decoded.source.channels;
  context.report.inputs.push_back(std::move(input));
  return audio;
}

AudioBuffer fit_length(const AudioBuffer& audio, int64_t length) {
  AudioBuffer fitted = silent_audio(audio.sample_rate, audio.channels(), length);
  for (int64_t channel = 0; channel < audio.channels(); ++channel) {
    const auto from = audio.channel(channel);
    const auto to = fitted.channel(channel);
    for (size_t i = 0; i < to.size(); ++i) to[i] = from[i % from.size()];
  }
  return fitted;
}

AudioBuffer pad_to_frames(const AudioBuffer& audio, int64_t hop) {
  const int64_t length = (audio.length() + hop - 1) / hop * hop;
  AudioBuffer padded = silent_audio(audio.sample_rate, audio.channels(), length);
  for (int64_t channel = 0; channel < audio.channels(); ++channel) {
    const auto from = audio.channel(channel);
    std::copy(from.begin(), from.end(), padded.channel(channel).begin());
  }
  return padded;
}

}  // namespace ams
